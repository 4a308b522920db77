// What the process that parses may do: next to nothing. Every byte that it reads is an attacker's.
//
// Two steps, since what is needed until the end must be opened between them. Neither can be undone.
#pragma once

#include <string>
#include <vector>

namespace umbratap::engine {

/// Becomes the user `name` (the one who started it, where that is not root and `name` is empty; of
/// root's children `umbratap`, or else `nobody`), with no group beside its own, no capability, and
/// no way to new ones; and dies with the process that made it. Before any thread is made. Throws
/// std::runtime_error.
void drop_rights(const std::string& name);

/// From here on no file can be opened, no program started, no socket made and no other process
/// touched, by this thread and all that it makes: Landlock where the kernel has it, and seccomp.
/// Throws std::runtime_error.
void lock_down();

/// What is in force in this process, a line each; of a process that locked itself down everything
/// is.
std::vector<std::string> describe_sandbox();

/// Locks a child down and lets it try what it must not. Prints a line for each attempt; true if all
/// were refused.
bool test_sandbox(const std::string& user);

}  // namespace umbratap::engine
