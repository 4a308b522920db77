// Eight bytes make a segment: every byte sent must be counted exactly once, each direction must end
// once, offsets must be without gaps, and all memory must come back.
#include <cstdlib>

#include "flow/tcp_connection.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// What lies where in the stream; `other` is what somebody else says of it.
std::string text_at(std::uint32_t sequence, std::size_t length, bool other) {
    std::string text(length, '\0');
    for (std::size_t i = 0; i < length; ++i)
        text[i] = static_cast<char>((other ? 'A' : 'a') + (sequence + i) % 26);
    return text;
}

/// flags, kind, sequence (2), acknowledgement (2), length, time
void send(Connection& connection, const std::uint8_t* eight, const std::uint32_t (&bases)[2],
          Duration& now) {
    const std::uint8_t kind = eight[1];
    Sent sent;
    sent.direction = kind & 1 ? down : up;
    const std::size_t side = flow::index(sent.direction);
    sent.flags = eight[0] & 0x80 ? flag::ack : eight[0];
    sent.sequence = bases[side] + big_endian_16(eight + 2) * (kind & 2 ? 0x10000U : 1U);
    sent.acknowledgement = bases[1 - side] + big_endian_16(eight + 4);
    const std::string payload = text_at(sent.sequence, eight[6] * (kind & 4 ? 16U : 1U), kind & 8);
    sent.payload = payload;
    sent.right_checksum = (kind & 0x30) != 0x30;
    if (kind & 0x40) sent.captured_max = 20U + eight[6] / 2;
    if (kind & 0x80) sent.options = {3, 3, 2, 0};
    now += std::chrono::milliseconds(1 + eight[7] * eight[7]);
    sent.time = now;
    connection.send(sent);
    require(connection.balance().empty());
    require(connection.budget().used() <= connection.budget().bytes_max());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    flow::TcpLimits limits;
    if (data[0] & 1)
        limits = {.early_bytes_max = 3000,
                  .early_segments_max = 8,
                  .overlap_bytes_kept = 600,
                  .alternate_bytes_max = 2000,
                  .doubtful_bytes_max = 1000};
    Connection connection(limits, data[0] & 2 ? 4000 : 1 << 20);
    const std::uint32_t bases[2] = {data[0] & 4 ? 0xffffff00U : 1000U, 0xfffffff0U};
    if (data[0] & 8) connection.shake_hands(bases[0], bases[1]);
    Duration now = std::chrono::seconds(1);
    for (std::size_t at = 1; at + 8 <= size && at < 4096; at += 8)
        send(connection, data + at, bases, now);
    connection.finish();
    for (const Direction direction : {up, down}) {
        require(connection.heard(direction).ends == 1);
        require(connection.heard(direction).shape.find('<') == std::string::npos);
        require(connection.counts(direction).waiting == 0);
    }
    require(connection.balance().empty());
    connection.stream() = flow::TcpStream(limits, connection.budget());
    require(connection.budget().used() == 0);
    return 0;
}
