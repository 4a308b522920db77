// Events that wait on disk for a receiver.
#include "report/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/crc32.h"
#include "report/sink.h"

namespace umbratap::report {

namespace {

constexpr std::string_view magic = "\xf5\xff\xfe\xc0";
constexpr std::size_t head_bytes = 20;
constexpr std::size_t cursor_bytes = 20;
constexpr std::uint64_t segment_bytes_most = 4 << 20, segment_bytes_least = 64 << 10;
constexpr std::string_view ending = ".spool";

/// The number in a name like "2-00000000000000000042.spool".
bool read_name(const std::string& name, unsigned& rank, std::uint64_t& number) {
    if (name.size() != 22 + ending.size() || !name.ends_with(ending) || name[1] != '-')
        return false;
    rank = static_cast<unsigned>(name[0] - '0');
    const auto [end, error] = std::from_chars(name.data() + 2, name.data() + 22, number);
    return rank < ranks && error == std::errc{} && end == name.data() + 22;
}

std::string checked_part(std::uint64_t number, std::string_view bytes) {
    std::string part;
    append_number_bytes(number, part);
    part += bytes;
    return part;
}

struct Record {
    std::uint64_t number = 0;
    std::string_view bytes;
    std::size_t size = 0;  // with its head
};

enum class Found : std::uint8_t { record, need_more, damage };

Found read_record_at(std::string_view bytes, Record& record) {
    const std::string_view begin = bytes.substr(0, magic.size());
    if (begin != magic.substr(0, begin.size())) return Found::damage;
    if (bytes.size() < head_bytes) return Found::need_more;
    const auto size = read_number_bytes<std::uint32_t>(bytes.substr(4));
    if (size > event_bytes_max) return Found::damage;
    if (bytes.size() - head_bytes < size) return Found::need_more;
    const std::string_view checked = bytes.substr(12, 8 + size);
    if (crc32(checked) != read_number_bytes<std::uint32_t>(bytes.substr(8))) return Found::damage;
    record = {read_number_bytes<std::uint64_t>(checked), checked.substr(8), head_bytes + size};
    return Found::record;
}

bool write_all(int descriptor, std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            if (written == 0) errno = ENOSPC;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Spool::Spool(std::string directory, std::uint64_t bytes_max)
    : directory_(std::move(directory)),
      bytes_max_(bytes_max),
      segment_bytes_max_(std::clamp(bytes_max / 16, segment_bytes_least, segment_bytes_most)) {
    const auto refuse = [&](const std::string& trouble) {
        throw SinkError("spool " + directory_ + ": " + trouble);
    };
    std::error_code trouble;
    std::filesystem::create_directories(directory_, trouble);
    if (trouble) refuse(trouble.message());
    lock_ = ::open((directory_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) refuse(std::strerror(errno));
    if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        close(lock_);
        refuse("is in use by another process; give each output a directory of its own");
    }
    cursor_ = ::open((directory_ + "/cursor").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    recover();
}

Spool::~Spool() {
    sync();
    for (Lane& lane : lanes_) close_segment(lane);
    if (cursor_ >= 0) close(cursor_);
    close(lock_);
}

void Spool::recover() {
    char bytes[cursor_bytes];
    if (pread(cursor_, bytes, sizeof bytes, 0) == sizeof bytes) {
        const std::string_view text(bytes, sizeof bytes);
        if (read_number_bytes<std::uint32_t>(text.substr(16)) == crc32(text.substr(0, 16))) {
            settled_ = read_number_bytes<std::uint64_t>(text);
            handed_out_ = read_number_bytes<std::uint64_t>(text.substr(8));
        }
    }
    next_number_ = std::max(settled_, handed_out_);
    handed_out_before_ = handed_out_;
    std::error_code trouble;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, trouble)) {
        unsigned rank = 0;
        Segment segment;
        if (!read_name(entry.path().filename().string(), rank, segment.first)) continue;
        segment.path = entry.path().string();
        segment.bytes = entry.file_size(trouble);
        if (trouble) continue;
        bytes_ += segment.bytes;
        next_number_ = std::max(next_number_, segment.first + 1);
        lanes_[rank].segments.push_back(std::move(segment));
    }
    for (Lane& lane : lanes_) {
        std::sort(lane.segments.begin(), lane.segments.end(),
                  [](const Segment& a, const Segment& b) { return a.first < b.first; });
    }
    // Numbers are handed out in order over all ranks: the last segment of each rank holds its
    // highest.
    for (const Lane& lane : lanes_) {
        if (lane.segments.empty()) continue;
        Lane last;
        last.segments.push_back(lane.segments.back());
        while (read_record(last)) next_number_ = std::max(next_number_, last.next.number + 1);
    }
    damages_ = 0;  // told when they are read in earnest
}

Spool::Appended Spool::append(unsigned rank, std::uint64_t number, std::string_view event_bytes) {
    Appended result;
    const std::uint64_t size = head_bytes + event_bytes.size();
    for (unsigned lower = ranks - 1; bytes_ + size > bytes_max_ && lower > rank;) {
        if (lanes_[lower].segments.empty()) {
            --lower;
        } else {
            result.given_up += give_up_segment(lanes_[lower]);
        }
    }
    if (bytes_ + size > bytes_max_ || event_bytes.size() > event_bytes_max) {
        ++result.given_up;
        return result;
    }
    next_number_ = std::max(next_number_, number + 1);
    Lane& lane = lanes_[rank];
    if (lane.writing >= 0 && lane.segments.back().bytes + size > segment_bytes_max_)
        close_segment(lane);
    retire(lane);
    if (lane.writing < 0 && !open_segment(lane, rank, number)) {
        result.error = errno;
        return result;
    }
    const std::string checked = checked_part(number, event_bytes);
    std::string record(magic);
    append_number_bytes(static_cast<std::uint32_t>(event_bytes.size()), record);
    append_number_bytes(crc32(checked), record);
    record += checked;
    Segment& segment = lane.segments.back();
    if (!write_all(lane.writing, record)) {
        result.error = errno;
        // Half a record in the middle would count as damage.
        if (ftruncate(lane.writing, static_cast<off_t>(segment.bytes)) != 0) close_segment(lane);
        return result;
    }
    segment.bytes += record.size();
    bytes_ += record.size();
    lane.unsynced = true;
    return result;
}

bool Spool::open_segment(Lane& lane, unsigned rank, std::uint64_t number) {
    const std::string digits = std::to_string(number);
    Segment segment;
    segment.path = directory_ + '/' + std::to_string(rank) + '-' +
                   std::string(20 - digits.size(), '0') + digits + std::string(ending);
    segment.first = number;
    lane.writing =
        ::open(segment.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (lane.writing < 0) return false;
    lane.segments.push_back(std::move(segment));
    return true;
}

void Spool::close_segment(Lane& lane) noexcept {
    if (lane.writing < 0) return;
    if (lane.unsynced) fdatasync(lane.writing);
    lane.unsynced = false;
    close(lane.writing);
    lane.writing = -1;
}

int Spool::sync() noexcept {
    int error = 0;
    bool any = false;
    for (Lane& lane : lanes_) {
        if (!lane.unsynced) continue;
        any = true;
        if (fdatasync(lane.writing) != 0) error = errno;
        lane.unsynced = false;
    }
    if (!any) return 0;
    // The names of new segments, too.
    const int directory = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        fsync(directory);
        close(directory);
    }
    return error;
}

/// Reads what was not read yet of the segment; it is small enough to be read at once.
bool Spool::read_more(Lane& lane) {
    const Segment& segment = lane.segments[lane.reading];
    lane.buffer.clear();
    lane.used = 0;
    const int reading = ::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (reading < 0) return false;
    lane.buffer.resize(segment.bytes - lane.offset);
    std::size_t got = 0;
    while (got < lane.buffer.size()) {
        const ssize_t more = pread(reading, lane.buffer.data() + got, lane.buffer.size() - got,
                                   static_cast<off_t>(lane.offset + got));
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) break;
        got += static_cast<std::size_t>(more);
    }
    close(reading);
    lane.buffer.resize(got);
    lane.offset += got;
    return got > 0;
}

/// The next record of the segment that is read, into `next`; false at its end.
bool Spool::read_record(Lane& lane) {
    bool damaged = false;
    while (lane.used < lane.buffer.size() ||
           (lane.offset < lane.segments[lane.reading].bytes && read_more(lane))) {
        const auto rest = std::string_view(lane.buffer).substr(lane.used);
        Record record;
        const Found found = read_record_at(rest, record);
        if (found == Found::record) {
            lane.used += record.size;
            lane.next = {record.number, record.number < handed_out_before_,
                         std::string(record.bytes)};
            damages_ += damaged ? 1 : 0;
            return true;
        }
        // A size that was damaged looks like an end that was torn off, unless something follows.
        const std::size_t next = rest.find(magic, 1);
        damaged = damaged || found == Found::damage || next != std::string_view::npos;
        lane.used = next == std::string_view::npos ? lane.buffer.size() : lane.used + next;
    }
    damages_ += damaged ? 1 : 0;
    return false;
}

/// Whether `next` holds an event, after reading on if need be.
bool Spool::fill(Lane& lane) {
    while (!lane.ready && lane.reading < lane.segments.size()) {
        Segment& segment = lane.segments[lane.reading];
        if (read_record(lane)) {
            segment.last = lane.next.number;
            lane.ready = lane.next.number >= settled_;
            continue;
        }
        const bool written = lane.writing >= 0 && lane.reading + 1 == lane.segments.size();
        if (written || lane.offset < segment.bytes) break;
        leave_segment(lane);
    }
    return lane.ready;
}

/// A segment whose events are all acknowledged makes room for a new one before it is full.
void Spool::retire(Lane& lane) {
    if (lane.writing < 0 || lane.reading + 1 != lane.segments.size() || lane.ready) return;
    const Segment& segment = lane.segments.back();
    const bool read = lane.offset == segment.bytes && lane.used == lane.buffer.size();
    if (!read || segment.last >= settled_ || segment.bytes < segment_bytes_least) return;
    close_segment(lane);
    leave_segment(lane);
    while (!lane.segments.empty()) remove_front(lane);
}

void Spool::leave_segment(Lane& lane) {
    ++lane.reading;
    lane.offset = 0;
    lane.buffer.clear();
    lane.used = 0;
}

Spool::Lane* Spool::first_ready() {
    Lane* first = nullptr;
    for (Lane& lane : lanes_) {
        if (fill(lane) && (first == nullptr || lane.next.number < first->next.number))
            first = &lane;
    }
    return first;
}

bool Spool::peek(std::uint64_t& number) {
    const Lane* lane = first_ready();
    if (lane != nullptr) number = lane->next.number;
    return lane != nullptr;
}

bool Spool::take(SpooledEvent& event) {
    Lane* lane = first_ready();
    if (lane == nullptr) return false;
    event = std::move(lane->next);
    lane->ready = false;
    handed_out_ = std::max(handed_out_, event.number + 1);
    return true;
}

void Spool::remember_taken() noexcept {
    if (handed_out_ != remembered_) write_cursor();
}

void Spool::settle(std::uint64_t number) {
    settled_ = std::max(settled_, number);
    write_cursor();
    for (Lane& lane : lanes_) {
        while (lane.reading > 0 && lane.segments.front().last < settled_) remove_front(lane);
    }
}

// A cursor that was torn or is old costs nothing but events that are sent twice.
void Spool::write_cursor() noexcept {
    std::string bytes;
    append_number_bytes(settled_, bytes);
    append_number_bytes(handed_out_, bytes);
    append_number_bytes(crc32(bytes), bytes);
    remembered_ = handed_out_;
    [[maybe_unused]] const ssize_t written = pwrite(cursor_, bytes.data(), bytes.size(), 0);
}

std::uint64_t Spool::waiting_bytes() const noexcept {
    std::uint64_t waiting = 0;
    for (const Lane& lane : lanes_) {
        for (std::size_t i = lane.reading; i < lane.segments.size(); ++i)
            waiting += lane.segments[i].bytes;
        waiting -= lane.offset - (lane.buffer.size() - lane.used);
        if (lane.ready) waiting += lane.next.bytes.size();
    }
    return waiting;
}

void Spool::remove_front(Lane& lane) {
    Segment& front = lane.segments.front();
    unlink(front.path.c_str());
    bytes_ -= front.bytes;
    lane.segments.pop_front();
    if (lane.reading > 0) --lane.reading;
}

/// Removes the oldest segment. Returns how many events were in it that had not been handed out.
std::uint64_t Spool::give_up_segment(Lane& lane) {
    std::uint64_t given_up = 0;
    if (lane.segments.size() == 1) close_segment(lane);
    if (lane.reading == 0) {
        given_up = lane.ready ? 1 : 0;
        lane.ready = false;
        while (read_record(lane)) given_up += lane.next.number >= settled_ ? 1 : 0;
        lane.offset = 0;
        lane.buffer.clear();
        lane.used = 0;
    }
    remove_front(lane);
    return given_up;
}

}  // namespace umbratap::report
