// What the process that parses may do: next to nothing. Every byte that it reads is an attacker's.
//
// Two steps, since what is needed until the end must be opened between them. Neither can be undone.
#pragma once

#include <string>
#include <vector>

namespace umbratap::engine {

/// What becomes of a process whose parent dies: it goes on, or it is told to end (SIGTERM).
enum class Orphaned : bool { goes_on, ends };

/// Becomes the user `name` (the one who started it, where that is not root and `name` is empty; of
/// root's children `umbratap`, or else `nobody`), with no group beside its own, no capability, and
/// no way to new ones. Before any thread is made. Throws std::runtime_error.
void drop_rights(const std::string& name, Orphaned orphaned);

/// Of what it has, this process keeps what opening interfaces and key logs and starting children of
/// another user needs.
void keep_rights_of_keeper();

/// From here on no file can be opened, no program started, no socket made and no other process
/// touched, by this thread and all that it makes: Landlock where the kernel has it, and seccomp.
/// Throws std::runtime_error.
void lock_down();

/// What the kernel has of Landlock; below 1: nothing.
long landlock_version() noexcept;

/// What is in force in this process after drop_rights, and what lock_down has to work with.
std::vector<std::string> describe_sandbox();

/// Locks a child down and lets it try what it must not. Prints a line for each attempt; true if all
/// were refused.
bool test_sandbox(const std::string& user);

}  // namespace umbratap::engine
