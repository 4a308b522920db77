#include "capture/input.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "capture/endpoint.h"

namespace umbratap::capture {

namespace {

constexpr std::size_t head_bytes = 12;  // enough to recognise either format
constexpr const char* expected =
    "expected pcap or pcapng, as they are or compressed with gzip or zstd";

/// Regular files without compression are mapped; all else is read.
std::variant<std::monostate, MappedFile, ByteStream> open_bytes(Descriptor descriptor) {
    struct stat status {};
    const int number = descriptor.number();
    std::uint8_t head[4];
    // Standard input may stand anywhere in its file: it is read on from there.
    if (fstat(number, &status) == 0 && S_ISREG(status.st_mode) && lseek(number, 0, SEEK_CUR) == 0 &&
        pread(number, head, sizeof head, 0) == sizeof head && !ByteStream::coding_of(head)) {
        if (auto file = MappedFile::map(number, static_cast<std::uint64_t>(status.st_size))) {
            return std::move(*file);
        }
    }
    return ByteStream(std::move(descriptor));
}

}  // namespace

Descriptor open_descriptor(const std::string& name) {
    if (is_endpoint(name)) return connect_to(name);
    const bool standard = name == "-";
    Descriptor descriptor(standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                   : open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (descriptor) return descriptor;
    const int wrong = errno;
    throw InputError(name + ": cannot be opened: " + std::strerror(wrong) +
                     (wrong == EACCES ? "; make it readable for this user" : "; check the path"));
}

Input::Input(Descriptor descriptor, const Origin& origin)
    : origin_(&origin), bytes_(open_bytes(std::move(descriptor))) {
    choose_decoder();
}

void Input::refuse(const std::string& why) const {
    throw InputError(origin_->name + ": " + why);
}

/// Waits for as many bytes as a head has, as long as it takes; but a signal ends it.
void Input::fetch_head(std::size_t wanted) {
    for (;;) {
        const ByteStream::Fetched fetched = fetch(wanted);
        if (fetched == ByteStream::Fetched::enough) return;
        if (fetched == ByteStream::Fetched::waiting) continue;
        if (fetched == ByteStream::Fetched::interrupted) refuse("interrupted before anything came");
        const auto* stream = std::get_if<ByteStream>(&bytes_);
        if (stream != nullptr && !stream->trouble().empty())
            refuse(stream->trouble() + "; " + expected);
        if (window().empty()) refuse(std::string("is empty; ") + expected);
        return;
    }
}

void Input::choose_decoder() {
    fetch_head(head_bytes);
    if (PcapDecoder::recognises(window())) {
        fetch_head(PcapDecoder::header_bytes);
        if (window().size() < PcapDecoder::header_bytes)
            refuse("ends within the header of a pcap file; write it anew");
        decoder_.emplace<PcapDecoder>(window(), *origin_);
        drop(PcapDecoder::header_bytes);
        return;
    }
    if (!PcapngDecoder::recognises(window())) {
        const Bytes head = window().first(std::min<std::size_t>(window().size(), 4));
        refuse("is not a capture: it begins with " + to_hex(head) + "; " + expected +
               "; editcap -F pcapng converts others");
    }
    decoder_.emplace<PcapngDecoder>(*origin_);
    Batch<Frame> none;
    for (;;) {
        const Progress progress = decode(0, none);
        if (!progress.broken.empty())
            refuse("is no usable pcapng file: it begins with " + progress.broken);
        if (progress.wanted == 0) return;
        fetch_head(progress.wanted);
        if (window().size() < progress.wanted)
            refuse("ends within its first section header; write it anew");
    }
}

Bytes Input::window() const noexcept {
    if (const auto* file = std::get_if<MappedFile>(&bytes_)) return file->unread();
    return std::get<ByteStream>(bytes_).unread();
}

void Input::drop(std::size_t count) noexcept {
    offset_ += count;
    if (auto* file = std::get_if<MappedFile>(&bytes_)) return file->drop(count);
    std::get<ByteStream>(bytes_).drop(count);
}

ByteStream::Fetched Input::fetch(std::size_t wanted) {
    if (auto* stream = std::get_if<ByteStream>(&bytes_)) return stream->fetch(wanted);
    return window().size() >= wanted ? ByteStream::Fetched::enough : ByteStream::Fetched::ended;
}

std::uint64_t Input::position() const noexcept {
    if (const auto* file = std::get_if<MappedFile>(&bytes_)) return file->position();
    return std::get<ByteStream>(bytes_).position();
}

Progress Input::decode(std::size_t frames_max, Batch<Frame>& out) {
    Progress progress;
    if (auto* pcap = std::get_if<PcapDecoder>(&decoder_)) {
        progress = pcap->decode(window(), frames_max, out);
    } else {
        auto& pcapng = std::get<PcapngDecoder>(decoder_);
        progress = pcapng.decode(window(), frames_max, out);
        for (const std::string& remark : pcapng.take_remarks()) {
            notices_.push_back({origin_->name + ": " + remark, false});
        }
    }
    drop(progress.consumed);
    return progress;
}

std::vector<std::string> Input::take_secrets() {
    auto* pcapng = std::get_if<PcapngDecoder>(&decoder_);
    return pcapng != nullptr ? pcapng->take_secrets() : std::vector<std::string>();
}

Input::State Input::read(std::size_t frames_max, Batch<Frame>& out) {
    while (!ended_) {
        const std::size_t before = out.size();
        const Progress progress = decode(frames_max, out);
        leave_out_what_was_cut(before, out);
        if (ended_) break;
        if (!progress.broken.empty()) {
            end_with("byte " + std::to_string(offset_) + ": " + progress.broken +
                         "; nothing behind it is read",
                     false);
        }
        if (out.size() > before) return State::open;
        if (ended_ || progress.wanted == 0) continue;
        switch (fetch(progress.wanted)) {
            case ByteStream::Fetched::enough:
                break;
            case ByteStream::Fetched::waiting:
            case ByteStream::Fetched::interrupted:
                return State::waiting;
            case ByteStream::Fetched::ended:
                finish();
                break;
        }
    }
    return State::ended;
}

/// Where a mapped file has become shorter, zeros were read behind its new end.
void Input::leave_out_what_was_cut(std::size_t before, Batch<Frame>& out) {
    const auto* file = std::get_if<MappedFile>(&bytes_);
    if (file == nullptr) return;
    const std::uint8_t* const end = file->end_now();
    if (window().data() + window().size() <= end) return;
    while (out.size() > before && out.back().data.data() + out.back().data.size() > end)
        out.pop_back();
    end_with("the file became shorter while it was read", true);
}

void Input::finish() {
    const auto* stream = std::get_if<ByteStream>(&bytes_);
    const std::string where = "byte " + std::to_string(offset_);
    if (stream != nullptr && !stream->trouble().empty()) {
        end_with(where + ": " + stream->trouble() + "; all before it was read",
                 stream->cut_short() || !window().empty());
    } else if (!window().empty()) {
        end_with(where + ": the file ends within a packet; all before it was read", true);
    }
    ended_ = true;
}

void Input::end_with(std::string text, bool cut_short) {
    notices_.push_back({origin_->name + ": " + std::move(text), cut_short});
    ended_ = true;
}

}  // namespace umbratap::capture
