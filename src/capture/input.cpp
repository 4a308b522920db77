// What a user named as input: a file, a pipe, standard input or a connection.
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
    : origin_(&origin), bytes_(std::move(descriptor)) {
    choose_decoder();
}

void Input::refuse(const std::string& why) const {
    throw InputError(origin_->name + ": " + why);
}

/// Waits for as many bytes as a head has, as long as it takes; but a signal ends it.
void Input::fetch_head(std::size_t wanted) {
    for (;;) {
        const ByteStream::Fetched fetched = bytes_.fetch(wanted);
        if (fetched == ByteStream::Fetched::enough) return;
        if (fetched == ByteStream::Fetched::waiting) continue;
        if (fetched == ByteStream::Fetched::interrupted) refuse("interrupted before anything came");
        if (!bytes_.trouble().empty()) refuse(bytes_.trouble() + "; " + expected);
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

void Input::drop(std::size_t count) noexcept {
    offset_ += count;
    bytes_.drop(count);
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
        if (!progress.broken.empty()) {
            end_with("byte " + std::to_string(offset_) + ": " + progress.broken +
                         "; nothing behind it is read",
                     false);
        }
        if (out.size() > before) return State::open;
        if (ended_ || progress.wanted == 0) continue;
        switch (bytes_.fetch(progress.wanted)) {
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

void Input::finish() {
    const std::string where = "byte " + std::to_string(offset_) + ": ";
    if (!bytes_.trouble().empty()) {
        end_with(where + bytes_.trouble() + "; all before it was read",
                 bytes_.cut_short() || !window().empty());
    } else if (!window().empty()) {
        end_with(where + "the capture ends within a packet; all before it was read", true);
    }
    ended_ = true;
}

void Input::end_with(std::string text, bool cut_short) {
    notices_.push_back({origin_->name + ": " + std::move(text), cut_short});
    ended_ = true;
}

}  // namespace umbratap::capture
