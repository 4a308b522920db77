// TLS key log files (RFC 9850) as they are written: read whole, then followed while they grow.
//
// A file may be renamed and begun anew (the old one is followed too, since a program that has it
// open goes on writing there), truncated, rewritten, deleted, and come back. Only plain files are
// read: a directory, pipe or device in its place is refused. A symbolic link is followed if the
// name was one from the start, for that is what the user asked for; a plain file that turns into a
// link, or whose successor belongs to another user, is refused, since somebody else may have put it
// there.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "capture/key_log_lines.h"
#include "capture/source.h"

namespace umbratap::capture {

struct KeyLogOptions {
    std::vector<std::string> files;
    bool wait = false;    ///< live capture: a file that is missing will come
    bool strict = false;  ///< refuse a file that group or others can read, rather than warn
};

struct KeyLogCounts {
    std::uint64_t lines = 0;
    std::uint64_t lines_too_long = 0;  ///< left out
    std::uint64_t restarts = 0;        ///< files read anew from their beginning, or begun anew
};

/// One name and the files that have borne it.
class KeyLogFile {
public:
    /// Throws InputError.
    KeyLogFile(const std::string& name, const KeyLogOptions& options);

    /// Appends new lines, about `bytes_wanted` at most.
    void poll(std::size_t bytes_wanted, std::string& out);
    std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }
    KeyLogCounts counts() const;

    static constexpr std::size_t files_followed_max = 4;  ///< of one name; then the oldest goes

private:
    struct Followed {
        Descriptor descriptor;
        struct stat status {};  // as it was when last looked at
        bool at_end = false;    // all of that was read
        std::uint64_t position = 0;
        std::string before;  // a digest of what stands just before `position`
        KeyLogLines lines;
        std::uint64_t unfinished_told_at = 0;  // where an unfinished line was handed out
    };
    struct Refusal {
        std::string why;
        bool missing = false;
    };
    std::optional<Refusal> adopt();
    std::optional<Refusal> open_plain(Followed& file) const;
    void look_for_new(std::size_t bytes_wanted, std::string& out);
    void read(Followed& file, std::size_t bytes_wanted, std::string& out);
    void notice_rewriting(Followed& file);
    void say_once(const std::string& trouble);

    std::string name_;
    bool wait_, strict_;
    bool is_link_ = false;            // the name was a symbolic link from the start
    std::optional<uid_t> owner_;      // of the first file
    std::vector<Followed> followed_;  // oldest first; the last bears the name, or did
    bool exposed_told_ = false;
    std::string said_;  // the latest trouble
    std::vector<Notice> notices_;
    KeyLogCounts dropped_;  // of files that are followed no longer
};

class KeyLogFiles {
public:
    /// Opens all files. Throws InputError where one is missing (unless `wait`), is no plain file,
    /// or must be refused.
    explicit KeyLogFiles(const KeyLogOptions& options);

    /// New lines, each with its '\n', about `bytes_per_poll` at most; empty if there are none now.
    /// Where files are not waited for, a last line that is not ended yet is among them (and again
    /// when it is). They hold secrets: wipe them after use.
    std::string poll();
    std::vector<Notice> take_notices();
    KeyLogCounts counts() const;

    static constexpr std::size_t bytes_per_poll = 1024 * 1024;

private:
    std::vector<KeyLogFile> files_;
};

}  // namespace umbratap::capture
