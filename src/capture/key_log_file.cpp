// Key log files, followed.
#include "capture/key_log_file.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/digest.h"

namespace umbratap::capture {

namespace {

/// What stands where a plain file should.
const char* kind_of(mode_t mode) {
    return S_ISDIR(mode)    ? "a directory"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISLNK(mode)  ? "a symbolic link now, and was none"
                            : "a device";
}

std::string octal(mode_t mode) {
    std::string digits = "0000";
    for (std::size_t i = 0; i < 4; ++i) digits[3 - i] += static_cast<char>(mode >> 3 * i & 7);
    return digits;
}

bool same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool untouched(const struct stat& a, const struct stat& b) {
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
           a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

/// Up to 64 bytes before `position`, as a digest: they may be part of a secret.
std::string digest_before(int descriptor, std::uint64_t position) {
    std::array<std::uint8_t, 64> tail{};
    const std::size_t wanted = std::min<std::uint64_t>(position, tail.size());
    const ssize_t got =
        pread(descriptor, tail.data(), wanted, static_cast<off_t>(position - wanted));
    std::string digest =
        to_hex(sha256(Bytes(tail.data(), got < 0 ? 0 : static_cast<std::size_t>(got))));
    explicit_bzero(tail.data(), tail.size());
    return digest;
}

}  // namespace

KeyLogFile::KeyLogFile(const std::string& name, const KeyLogOptions& options)
    : name_(name), wait_(options.wait), strict_(options.strict) {
    struct stat status {};
    is_link_ = lstat(name.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
    const auto refusal = adopt();
    if (!refusal) return;
    if (!wait_ || !refusal->missing) throw InputError(name_ + ": key log " + refusal->why);
    say_once("is not there yet; waiting for it");
}

/// Looks before it opens, since opening a pipe would be noticed at its other end.
std::optional<KeyLogFile::Refusal> KeyLogFile::open_plain(Followed& file) const {
    struct stat& status = file.status;
    const auto failed = [] {
        return Refusal{std::string("cannot be read: ") + std::strerror(errno), errno == ENOENT};
    };
    if ((is_link_ ? stat : lstat)(name_.c_str(), &status) != 0) return failed();
    if (!S_ISREG(status.st_mode))
        return Refusal{std::string("is ") + kind_of(status.st_mode) + "; expected a plain file"};
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (is_link_ ? 0 : O_NOFOLLOW);
    file.descriptor = Descriptor(open(name_.c_str(), flags));
    if (!file.descriptor || fstat(file.descriptor.number(), &status) != 0) return failed();
    if (!S_ISREG(status.st_mode)) return Refusal{"is no plain file any longer"};
    return {};
}

/// Follows the file that bears the name now, or says what speaks against it.
std::optional<KeyLogFile::Refusal> KeyLogFile::adopt() {
    Followed file;
    if (auto refusal = open_plain(file)) return refusal;
    const struct stat& status = file.status;
    if (owner_ && status.st_uid != *owner_ && status.st_uid != 0 && status.st_uid != geteuid())
        return Refusal{"belongs to another user than before; not read"};
    if ((status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
        const std::string exposed =
            "can be read by other users (mode " + octal(status.st_mode) + "); chmod 600 it";
        if (strict_) return Refusal{exposed + ". Not read, as keylog_strict says"};
        if (!std::exchange(exposed_told_, true))
            notices_.push_back({name_ + ": key log " + exposed, false});
    }
    if (!owner_) owner_ = status.st_uid;
    said_.clear();
    followed_.push_back(std::move(file));
    if (followed_.size() > files_followed_max) {
        dropped_.lines += followed_.front().lines.lines();
        dropped_.lines_too_long += followed_.front().lines.too_long();
        followed_.erase(followed_.begin());
    }
    return {};
}

void KeyLogFile::poll(std::size_t bytes_wanted, std::string& out) {
    // What was written to a file before it was renamed comes before what is in the new one.
    for (Followed& file : followed_) read(file, bytes_wanted, out);
    if (out.size() < bytes_wanted) look_for_new(bytes_wanted, out);
}

void KeyLogFile::look_for_new(std::size_t bytes_wanted, std::string& out) {
    struct stat now {};
    if ((is_link_ ? stat : lstat)(name_.c_str(), &now) == 0) {
        const auto known =
            std::find_if(followed_.begin(), followed_.end(),
                         [&](const Followed& file) { return same_file(file.status, now); });
        if (known != followed_.end()) {
            std::rotate(known, known + 1, followed_.end());  // perhaps it got its name back
            return;
        }
    }
    const bool first = followed_.empty();
    if (const auto refusal = adopt()) {
        if (!refusal->missing) {
            say_once(refusal->why);
        } else if (!first) {
            say_once("has gone; waiting for it to come back");
        }
        return;
    }
    if (!first) ++dropped_.restarts;
    read(followed_.back(), bytes_wanted, out);
}

void KeyLogFile::say_once(const std::string& trouble) {
    if (said_ == trouble) return;
    said_ = trouble;
    notices_.push_back({name_ + ": key log " + trouble, false});
}

/// A file that shrank, or that says something else just before where we are, begins anew.
void KeyLogFile::notice_rewriting(Followed& file) {
    const bool shrank = static_cast<std::uint64_t>(file.status.st_size) < file.position;
    if (!shrank && (file.position == 0 ||
                    digest_before(file.descriptor.number(), file.position) == file.before)) {
        return;
    }
    file.position = 0;
    file.lines.forget();
    ++dropped_.restarts;
}

void KeyLogFile::read(Followed& file, std::size_t bytes_wanted, std::string& out) {
    struct stat now {};
    if (fstat(file.descriptor.number(), &now) != 0) return;
    if (file.at_end && untouched(now, file.status)) return;
    file.status = now;
    notice_rewriting(file);
    file.at_end = false;
    std::array<std::uint8_t, 64 * 1024> piece;
    while (!file.at_end && out.size() < bytes_wanted) {
        const ssize_t got = pread(file.descriptor.number(), piece.data(), piece.size(),
                                  static_cast<off_t>(file.position));
        file.at_end = got <= 0;
        if (file.at_end) break;
        file.position += static_cast<std::uint64_t>(got);
        file.lines.push(Bytes(piece.data(), static_cast<std::size_t>(got)), out);
    }
    explicit_bzero(piece.data(), piece.size());
    file.before = digest_before(file.descriptor.number(), file.position);
    const std::string& unfinished = file.lines.unfinished();
    if (wait_ || !file.at_end || unfinished.empty()) return;
    if (std::exchange(file.unfinished_told_at, file.position) == file.position) return;
    out.append(unfinished).push_back('\n');
}

KeyLogCounts KeyLogFile::counts() const {
    KeyLogCounts counts = dropped_;
    for (const Followed& file : followed_) {
        counts.lines += file.lines.lines();
        counts.lines_too_long += file.lines.too_long();
    }
    return counts;
}

KeyLogFiles::KeyLogFiles(const KeyLogOptions& options) {
    for (const std::string& name : options.files) files_.emplace_back(name, options);
}

std::string KeyLogFiles::poll() {
    std::string out;
    for (KeyLogFile& file : files_) file.poll(bytes_per_poll, out);
    return out;
}

std::vector<Notice> KeyLogFiles::take_notices() {
    std::vector<Notice> all;
    for (KeyLogFile& file : files_) {
        std::vector<Notice> some = file.take_notices();
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
}

KeyLogCounts KeyLogFiles::counts() const {
    KeyLogCounts sum;
    for (const KeyLogFile& file : files_) {
        const KeyLogCounts one = file.counts();
        sum.lines += one.lines;
        sum.lines_too_long += one.lines_too_long;
        sum.restarts += one.restarts;
    }
    return sum;
}

}  // namespace umbratap::capture
