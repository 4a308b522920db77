// Sends the frames of a capture out of an interface, over and over, at a steady rate. Each round
// has addresses of its own, so that its connections are new ones.
//
// usage: bench_send_frames INTERFACE CAPTURE SECONDS [FRAMES_A_SECOND [FIRST_ROUND]]
//
// With 0 seconds: one whole round. Without a rate: as fast as it can. Prints the number of frames, the seconds, and the next round.
// Frames are taken as Ethernet, and those that are not IPv4 are sent as they are. Of a capture the
// first 200,000 are taken.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "base/descriptor.h"
#include "capture/source.h"

namespace {

using namespace umbratap;
using Clock = std::chrono::steady_clock;

constexpr std::size_t frames_max = 200'000;
constexpr std::size_t frames_at_once = 64;
constexpr std::size_t ip_at = 14, addresses_at = ip_at + 12;

using OwnedFrame = std::vector<std::uint8_t>;

std::vector<OwnedFrame> read_frames(const char* name) {
    const auto source = capture::open_files({{name}, ""});
    std::vector<OwnedFrame> frames;
    for (Batch<capture::Frame> batch; frames.size() < frames_max && source->read(batch);
         batch.clear()) {
        for (const capture::Frame& frame : batch)
            frames.emplace_back(frame.data.begin(), frame.data.end());
    }
    frames.resize(std::min(frames.size(), frames_max));
    return frames;
}

/// RFC 1624: the checksum after a word that it covers has changed.
void adjust(std::uint8_t* checksum, std::uint16_t before, std::uint16_t after) {
    std::uint32_t sum = static_cast<std::uint16_t>(~big_endian_16(checksum));
    sum += static_cast<std::uint16_t>(~before) + std::uint32_t{after};
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    checksum[0] = static_cast<std::uint8_t>(sum >> 8);
    checksum[1] = static_cast<std::uint8_t>(sum);
}

/// Where the checksum of TCP or UDP is; none where there is none to mend.
std::uint8_t* transport_checksum(OwnedFrame& frame) {
    const std::size_t at = ip_at + 4U * (frame[ip_at] & 15U);
    const bool first_fragment = (big_endian_16(&frame[ip_at + 6]) & 0x1fff) == 0;
    const std::size_t within = frame[ip_at + 9] == IPPROTO_TCP ? 16 : 6;
    const bool has_one = frame[ip_at + 9] == IPPROTO_TCP || frame[ip_at + 9] == IPPROTO_UDP;
    if (!first_fragment || !has_one || at + within + 2 > frame.size()) return nullptr;
    return &frame[at + within];
}

/// Both addresses get `change` in their middle octets: again the same, and they are as before.
void readdress(OwnedFrame& frame, std::uint16_t change) {
    if (frame.size() < ip_at + 20 || big_endian_16(&frame[12]) != ETHERTYPE_IP) return;
    std::uint8_t* const transport = transport_checksum(frame);
    for (const std::size_t address : {addresses_at, addresses_at + 4}) {
        for (const std::size_t word : {address, address + 2}) {
            const std::uint16_t before = big_endian_16(&frame[word]);
            frame[address + (word == address ? 1 : 2)] ^=
                static_cast<std::uint8_t>(word == address ? change >> 8 : change & 0xff);
            const std::uint16_t after = big_endian_16(&frame[word]);
            adjust(&frame[ip_at + 10], before, after);
            if (transport != nullptr) adjust(transport, before, after);
        }
    }
}

class Sender {
public:
    explicit Sender(const char* interface) : socket_(socket(AF_PACKET, SOCK_RAW, 0)) {
        sockaddr_ll address{};
        address.sll_family = AF_PACKET;
        address.sll_ifindex = static_cast<int>(if_nametoindex(interface));
        const int yes = 1;
        setsockopt(socket_.number(), SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
        if (bind(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error(std::string(interface) + ": " + std::strerror(errno));
    }

    void send(std::span<OwnedFrame> frames) {
        iovec parts[frames_at_once];
        mmsghdr messages[frames_at_once]{};
        for (std::size_t i = 0; i < frames.size(); ++i) {
            parts[i] = {frames[i].data(), frames[i].size()};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        for (std::size_t sent = 0; sent < frames.size();) {
            const int more = sendmmsg(socket_.number(), messages + sent,
                                      static_cast<unsigned>(frames.size() - sent), 0);
            if (more > 0) sent += static_cast<std::size_t>(more);
            if (more < 0 && errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
                throw std::runtime_error(std::string("cannot be sent: ") + std::strerror(errno));
        }
    }

private:
    Descriptor socket_;
};

}  // namespace

int main(int count, char** words) try {
    if (count < 4) throw std::invalid_argument("INTERFACE CAPTURE SECONDS [RATE [FIRST_ROUND]]");
    std::vector<OwnedFrame> frames = read_frames(words[2]);
    const auto duration = std::chrono::duration<double>(std::strtod(words[3], nullptr));
    const double rate = count > 4 ? std::strtod(words[4], nullptr) : 0;
    auto round = static_cast<std::uint16_t>(count > 5 ? std::strtoul(words[5], nullptr, 10) : 0);
    Sender sender(words[1]);
    std::uint64_t sent = 0;
    const auto begin = Clock::now();
    for (bool ended = frames.empty(); !ended; ++round) {
        for (std::size_t at = 0; at < frames.size() && !ended; at += frames_at_once) {
            const auto some =
                std::span(frames).subspan(at, std::min(frames_at_once, frames.size() - at));
            for (OwnedFrame& frame : some) readdress(frame, round);
            sender.send(some);
            for (OwnedFrame& frame : some) readdress(frame, round);
            sent += some.size();
            const std::chrono::duration<double> due(rate > 0 ? static_cast<double>(sent) / rate
                                                             : 0);
            std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
            ended = duration.count() > 0 && Clock::now() - begin >= duration;
        }
        ended = ended || duration.count() == 0;
    }
    const std::chrono::duration<double> took = Clock::now() - begin;
    std::printf("%llu %.3f %u\n", static_cast<unsigned long long>(sent), took.count(), round);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "bench_send_frames: %s\n", error.what());
    return 1;
}
