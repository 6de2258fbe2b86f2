// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "monitor/command.h"
#include "qapi/marshal.h"

namespace guestdump::monitor {

/// Wants to hear of events. Must not add or remove listeners while it does.
class EventListener {
  public:
    virtual ~EventListener() = default;
    virtual void on_event(json_object* event) = 0;
};

/// Tells every listener what happens to the machine.
class EventHub {
  public:
    void add(EventListener& listener);
    void remove(EventListener& listener);

    /// @Event is one of the schema's, as qapi::StopEvent.
    template <class Event>
    void emit(const Event& event) {
        tell(Event::kName, qapi::to_json(event));
    }

  private:
    void tell(std::string_view name, Json data);

    std::vector<EventListener*> listeners_;
};

}  // namespace guestdump::monitor
