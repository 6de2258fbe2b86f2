// SPDX-License-Identifier: GPL-2.0-or-later
#include <map>
#include <set>

#include "util/text.h"
#include "view/task_view.h"

namespace guestdump::view {
namespace {

using qapi::GuestTask;
using util::text;

/// Deepest level that is indented: deeper children have the indentation of their parents.
constexpr size_t kDeepestIndent = 24;

std::string line(const GuestTask& task, bool threads, size_t depth) {
    const std::string name = task.kernel_thread ? "[" + task.name + "]" : task.name;
    const std::string cpu = std::to_string(task.cpu) + (task.running ? "*" : "");
    std::string out = text("%8u ", task.pid);
    if (threads) out += text("%8u ", task.tgid);
    out += text("%8u %-2s %-5s ", task.parent, task.state.c_str(), cpu.c_str());
    out += std::string(2 * depth, ' ');
    if (!task.waits_in) return out + name + "\n";
    return out + text("%-18s %s\n", name.c_str(), task.waits_in->c_str());
}

/// Puts children under their parents. A task whose parent is not in the list is a root.
class Tree {
  public:
    Tree(const std::vector<GuestTask>& tasks, bool threads) : tasks_(tasks), threads_(threads) {
        std::set<uint32_t> known;
        for (const GuestTask& task : tasks) known.insert(task.pid);
        for (size_t i = 0; i < tasks.size(); ++i) {
            const GuestTask& task = tasks[i];
            const uint32_t above = task.pid == task.tgid ? task.parent : task.tgid;
            const bool is_root = above == task.pid || !known.contains(above);
            if (is_root)
                roots_.push_back(i);
            else
                children_[above].push_back(i);
        }
    }

    std::string text() {
        for (const size_t root : roots_) add(root);
        // Tasks whose parents form a cycle are below no root.
        for (size_t i = 0; i < tasks_.size(); ++i) add(i);
        return std::move(out_);
    }

  private:
    /// Adds @root and everything below it. Without recursion, because the guest may make the tree
    /// as deep as its number of tasks.
    void add(size_t root) {
        std::vector<std::pair<size_t, size_t>> waiting = {{root, 0}};
        while (!waiting.empty()) {
            const auto [index, depth] = waiting.back();
            waiting.pop_back();
            if (!told_.insert(index).second) continue;
            out_ += line(tasks_[index], threads_, std::min(depth, kDeepestIndent));
            const auto children = children_.find(tasks_[index].pid);
            if (children == children_.end()) continue;
            const std::vector<size_t>& list = children->second;
            for (auto child = list.rbegin(); child != list.rend(); ++child) {
                waiting.emplace_back(*child, depth + 1);
            }
        }
    }

    const std::vector<GuestTask>& tasks_;
    bool threads_;
    std::vector<size_t> roots_;
    std::map<uint32_t, std::vector<size_t>> children_;
    std::set<size_t> told_;
    std::string out_;
};

}  // namespace

std::string tasks_text(const qapi::GuestTasks& tasks, bool threads, bool tree) {
    std::string out = threads ? "     PID  PROCESS   PARENT S  CPU   NAME               WAITS IN\n"
                              : "     PID   PARENT S  CPU   NAME               WAITS IN\n";
    if (tree) return out + Tree(tasks.tasks, threads).text();
    for (const GuestTask& task : tasks.tasks) out += line(task, threads, 0);
    return out;
}

}  // namespace guestdump::view
