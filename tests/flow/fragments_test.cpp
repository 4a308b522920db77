#include "flow/fragments.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "support/packet_builder.h"

using namespace umbratap;
using namespace umbratap::test;

namespace {

constexpr Duration second = std::chrono::seconds(1);

Octets numbered(std::size_t count, unsigned seed = 0) {
    Octets out(count);
    for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<std::uint8_t>(i * 7 + i / 256 + seed);
    return out;
}

Octets slice(const Octets& from, std::size_t begin, std::size_t end) {
    return {from.begin() + static_cast<std::ptrdiff_t>(begin),
            from.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// A fragment of `whole` (what follows the IP header) from `begin` to `end`.
struct Piece {
    std::size_t begin, end;
    bool more = true;
    std::uint16_t id = 1;
    std::uint8_t protocol = protocol_udp;
};

Octets fragment_v4(const Octets& whole, const Piece& piece) {
    return ipv4(
        {.protocol = piece.protocol,
         .id = piece.id,
         .fragment = static_cast<std::uint16_t>((piece.more ? 0x2000 : 0) | piece.begin / 8)},
        slice(whole, piece.begin, piece.end));
}

Octets fragment_v6(const Octets& whole, const Piece& piece, const Octets& before = {}) {
    Octets header{piece.protocol, 0};
    put_16(header, static_cast<std::uint32_t>(piece.begin | (piece.more ? 1 : 0)));
    put_32(header, piece.id);
    return ipv6({.source = "2001:db8::1",
                 .target = "2001:db8::2",
                 .protocol = piece.protocol,
                 .options = before + header,
                 .first_header = static_cast<std::uint8_t>(before.empty() ? 44 : 60),
                 .transport_checksum = false},
                slice(whole, piece.begin, piece.end));
}

/// Takes fragments apart from any frame and keeps what came out.
class Reassembly {
public:
    explicit Reassembly(const flow::FragmentLimits& limits = {}) : fragments_(limits) {}

    /// The problem's name, of the decoder or of the reassembly.
    std::string push(const Octets& octets, Duration time = {},
                     std::uint16_t vlan = packet::no_vlan) {
        packet::Packet packet;
        packet.time = Time(time);
        packet.vlans[0] = vlan;
        if (const Problem problem = packet::decode_network(octets, {}, packet))
            return std::string(problem.name());
        REQUIRE(packet.fragment);
        Batch<Bytes> out;
        const Problem problem = fragments_.push(packet, out);
        for (const Bytes datagram : out) datagrams.emplace_back(datagram.begin(), datagram.end());
        return std::string(problem.name());
    }

    const flow::FragmentCounts& counts() const { return fragments_.counts(); }

    std::vector<Octets> datagrams;

private:
    flow::Fragments fragments_;
};

/// What follows the IP header of the only datagram, if the decoder takes it for one without
/// trouble.
Octets only_content(const Reassembly& reassembly) {
    REQUIRE(reassembly.datagrams.size() == 1);
    packet::Packet packet;
    CHECK(packet::decode_network(reassembly.datagrams[0], {}, packet) == no_problem);
    CHECK_FALSE(packet.fragment);
    CHECK(packet.segment_length == packet.segment.size());
    return {packet.segment.begin(), packet.segment.end()};
}

/// A UDP datagram cut at multiples of `size`.
std::vector<Piece> pieces_of(const Octets& whole, std::size_t size) {
    std::vector<Piece> out;
    for (std::size_t at = 0; at < whole.size(); at += size) {
        out.push_back({at, std::min(at + size, whole.size()), at + size < whole.size()});
    }
    return out;
}

}  // namespace

TEST_CASE(
    "fragments: a datagram is whole with its last fragment, and its header is that of no "
    "fragment") {
    const Octets whole = udp(4000, 5000, numbered(3001));
    for (const bool v6 : {false, true}) {
        CAPTURE(v6);
        Reassembly reassembly;
        for (const Piece& piece : pieces_of(whole, 1480)) {
            CHECK(reassembly.datagrams.empty());
            CHECK(reassembly.push(v6 ? fragment_v6(whole, piece) : fragment_v4(whole, piece)) ==
                  "");
        }
        CHECK(only_content(reassembly) == whole);
        CHECK(reassembly.datagrams[0].size() == whole.size() + (v6 ? 40 : 20));
        CHECK(reassembly.counts().completed == 1);
        CHECK(reassembly.counts().fragments == 3);
    }
}

TEST_CASE("fragments: order - in whatever order they come, the datagram is the same") {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        const Octets whole = udp(1, 2, numbered(random() % 9000 + 100));
        auto pieces = pieces_of(whole, (random() % 180 + 4) * 8);
        if (pieces.size() < 2) continue;
        std::shuffle(pieces.begin(), pieces.end(), random);
        const bool v6 = random() % 2 == 0;
        Reassembly reassembly;
        for (const Piece& piece : pieces) {
            REQUIRE(reassembly.push(v6 ? fragment_v6(whole, piece) : fragment_v4(whole, piece)) ==
                    "");
        }
        REQUIRE(only_content(reassembly) == whole);
    }
}

TEST_CASE("fragments: loss - with any one fragment missing there is no datagram") {
    const Octets whole = udp(1, 2, numbered(1000));
    const auto pieces = pieces_of(whole, 104);
    for (std::size_t missing = 0; missing < pieces.size(); ++missing) {
        Reassembly reassembly;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i != missing) CHECK(reassembly.push(fragment_v4(whole, pieces[i])) == "");
        }
        CHECK(reassembly.datagrams.empty());
    }
}

TEST_CASE(
    "fragments: duplicates - each fragment twice gives one datagram, and leaves nothing behind for "
    "the next") {
    const Octets whole = udp(1, 2, numbered(3000));
    const Octets next = udp(1, 2, numbered(3000, 99));
    Reassembly reassembly;
    for (const Octets& content : {whole, next}) {
        for (const Piece& piece : pieces_of(content, 1480)) {
            CHECK(reassembly.push(fragment_v4(content, piece)) == "");
            CHECK(reassembly.push(fragment_v4(content, piece)) == "");
        }
    }
    REQUIRE(reassembly.datagrams.size() == 2);
    CHECK(slice(reassembly.datagrams[0], 20, 3028) == whole);
    CHECK(slice(reassembly.datagrams[1], 20, 3028) == next);
    CHECK(reassembly.counts().forgotten == 0);
}

TEST_CASE("fragments: datagrams of different id, protocol, addresses or VLAN do not mix") {
    const Octets one = udp(1, 2, numbered(1000)), other = udp(1, 2, numbered(1000, 99));
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v4(one, {0, 504})) == "");
    CHECK(reassembly.push(fragment_v4(other, {0, 504, true, 2})) == "");
    CHECK(reassembly.push(fragment_v4(other, {0, 504, true, 1, 99})) == "");
    CHECK(reassembly.push(fragment_v4(other, {0, 504}), {}, 7) == "");
    CHECK(reassembly.push(fragment_v6(other, {0, 504})) == "");
    CHECK(reassembly.push(fragment_v4(one, {504, 1008, false})) == "");
    CHECK(only_content(reassembly) == one);
}

TEST_CASE("fragments: where overlaps differ the first arrival wins, and it is told") {
    const Octets whole = udp(1, 2, numbered(1000)), other = udp(1, 2, numbered(1000, 99));
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v4(whole, {0, 504})) == "");
    CHECK(reassembly.push(fragment_v4(other, {496, 800})) == "ip.conflicting_fragment_overlap");
    CHECK(reassembly.push(fragment_v4(whole, {800, 1008, false})) == "");
    Octets expected = whole;
    std::copy(other.begin() + 504, other.begin() + 800, expected.begin() + 504);
    REQUIRE(reassembly.datagrams.size() == 1);
    CHECK(slice(reassembly.datagrams[0], 20, 1028) == expected);
}

TEST_CASE("fragments: equal overlaps are silent") {
    const Octets whole = udp(1, 2, numbered(1000));
    Reassembly reassembly;
    for (const Piece& piece : {Piece{400, 800}, {0, 504}, {104, 408}, {640, 1008, false}}) {
        CHECK(reassembly.push(fragment_v4(whole, piece)) == "");
    }
    CHECK(only_content(reassembly) == whole);
}

TEST_CASE("fragments: the first end that was told stays") {
    const Octets whole = udp(1, 2, numbered(1000));
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v4(whole, {504, 1008, false})) == "");
    CHECK(reassembly.push(fragment_v4(whole, {504, 900, false})) == "ip.conflicting_fragment_end");
    CHECK(reassembly.push(fragment_v4(numbered(2000), {504, 1504})) ==
          "ip.conflicting_fragment_end");
    CHECK(reassembly.push(fragment_v4(whole, {0, 504})) == "");
    CHECK(only_content(reassembly) == whole);

    Reassembly shorter;  // the end is before what came
    CHECK(shorter.push(fragment_v4(whole, {504, 1000})) == "");
    CHECK(shorter.push(fragment_v4(whole, {104, 502, false})) == "ip.conflicting_fragment_end");
}

TEST_CASE(
    "fragments: tiny ones are put together, and a first one that hides the TCP flags is told") {
    const Octets whole = tcp({}, "GET / HTTP/1.1\r\n\r\n");
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v4(whole, {0, 8, true, 1, protocol_tcp})) == "ip.tiny_fragment");
    for (std::size_t at = 8; at < whole.size(); at += 8) {
        const std::size_t end = std::min(at + 8, whole.size());
        CHECK(reassembly.push(fragment_v4(whole, {at, end, end < whole.size(), 1, protocol_tcp})) ==
              "");
    }
    CHECK(only_content(reassembly) == whole);
}

TEST_CASE("fragments: lengths that are no multiple of 8, or nothing at all, are told") {
    const Octets whole = udp(1, 2, numbered(1000));
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v4(whole, {0, 505})) == "ip.bad_fragment_length");
    CHECK(reassembly.push(fragment_v4(whole, {504, 504})) == "ip.empty_fragment");
    CHECK(reassembly.push(fragment_v4(whole, {504, 1008, false})) == "");
    CHECK(only_content(reassembly) == whole);
    CHECK(reassembly.push(fragment_v6(whole, {0, 505})) == "ip.bad_fragment_length");
    CHECK(reassembly.push(fragment_v6(whole, {504, 1008, false})) == "");
    CHECK(reassembly.datagrams.size() == 1);
}

TEST_CASE("fragments: the largest datagram there can be, and one byte more") {
    const Octets whole = udp(1, 2, numbered(65535 - 20 - 8));
    Reassembly reassembly;
    for (const Piece& piece : pieces_of(whole, 1480))
        REQUIRE(reassembly.push(fragment_v4(whole, piece)) == "");
    CHECK(only_content(reassembly) == whole);

    const Octets more = numbered(65516);
    CHECK(reassembly.push(fragment_v4(more, {65512, 65516, false, 2})) == "ip.fragment_too_large");
    CHECK(reassembly.push(fragment_v6(numbered(65536), {65528, 65536, false, 2})) ==
          "ip.fragment_too_large");
}

TEST_CASE(
    "fragments: a datagram that is too large only with the first fragment's header is given up") {
    const Octets whole = numbered(65515);
    Reassembly reassembly;
    for (std::size_t at = 1480; at < whole.size(); at += 1480) {
        const std::size_t end = std::min(at + 1480, whole.size());
        CHECK(reassembly.push(fragment_v4(whole, {at, end, end < whole.size()})) == "");
    }
    const Octets first =
        ipv4({.protocol = protocol_udp, .fragment = 0x2000, .options = Octets(8, 1)},
             slice(whole, 0, 1480));
    CHECK(reassembly.push(first) == "ip.fragment_too_large");
    CHECK(reassembly.datagrams.empty());
    CHECK(reassembly.counts().forgotten == 1);
}

TEST_CASE(
    "fragments: headers before the fragment header stay, and the last of them names what follows") {
    const Octets whole = udp(1, 2, numbered(1000));
    const Octets before = from_hex("2c 00 01 04 00000000");
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v6(whole, {0, 504}, before)) == "");
    CHECK(reassembly.push(fragment_v6(whole, {504, 1008, false}, before)) == "");
    CHECK(only_content(reassembly) == whole);
    CHECK(reassembly.datagrams[0].size() == 40 + 8 + whole.size());
    const Octets atomic = from_hex("2c 00 00 00 00000009");
    Reassembly after_atomic;
    for (const Piece& piece : {Piece{0, 504}, {504, 1008, false}}) {
        Octets packet = fragment_v6(whole, piece, atomic);
        packet[6] = 44;
        CHECK(after_atomic.push(packet) == "");
    }
    CHECK(only_content(after_atomic) == whole);
}

TEST_CASE("fragments: IPv4 options of the first fragment stay") {
    const Octets whole = udp(1, 2, numbered(1000));
    Reassembly reassembly;
    const Octets options(12, 1);
    CHECK(reassembly.push(fragment_v4(whole, {504, 1008, false})) == "");
    CHECK(reassembly.push(ipv4({.protocol = protocol_udp, .fragment = 0x2000, .options = options},
                               slice(whole, 0, 504))) == "");
    CHECK(only_content(reassembly) == whole);
    CHECK(slice(reassembly.datagrams[0], 20, 32) == options);
}

TEST_CASE("fragments: what a snap length cut is not taken") {
    const Octets whole = udp(1, 2, numbered(1000));
    for (const bool v6 : {false, true}) {
        const Octets octets =
            ethernet(v6 ? fragment_v6(whole, {0, 504}) : fragment_v4(whole, {0, 504}));
        capture::Frame frame = frame_of(octets);
        frame.data = frame.data.first(200);
        packet::Packet packet;
        CHECK_FALSE(packet::decode(frame, {}, packet));
        flow::Fragments fragments{{}};
        Batch<Bytes> out;
        CHECK(fragments.push(packet, out) == Problem("packet.cut_short"));
    }
}

TEST_CASE("fragments: time - one that waited too long is forgotten, and its id may be used again") {
    const Octets old = udp(1, 2, numbered(1000, 99)), whole = udp(1, 2, numbered(1000));
    for (const Duration start : {Duration::zero(), 1000000 * second}) {
        Reassembly reassembly;
        CHECK(reassembly.push(fragment_v4(old, {0, 504}), start) == "");
        CHECK(reassembly.push(fragment_v4(whole, {0, 504}), start + 31 * second) == "");
        CHECK(reassembly.push(fragment_v4(whole, {504, 1008, false}), start + 61 * second) == "");
        CHECK(only_content(reassembly) == whole);
        CHECK(reassembly.counts().forgotten == 1);
    }
}

TEST_CASE("fragments: time may run backwards, or be any number") {
    const Octets whole = udp(1, 2, numbered(1000));
    Reassembly reassembly;
    CHECK(reassembly.push(fragment_v4(whole, {0, 504}), 10 * second) == "");
    CHECK(reassembly.push(fragment_v4(whole, {504, 1008, false}), 9 * second) == "");
    CHECK(only_content(reassembly) == whole);
    CHECK(reassembly.push(fragment_v4(whole, {0, 504, true, 2}), Duration::min()) == "");
    CHECK(reassembly.push(fragment_v4(whole, {0, 504, true, 3}), Duration::max()) == "");
    CHECK(reassembly.push(fragment_v4(whole, {0, 504, true, 4}), Duration::min()) == "");
}

TEST_CASE("fragments: as many datagrams as the limit allows, and then the oldest is forgotten") {
    const Octets whole = udp(1, 2, numbered(1000));
    flow::FragmentLimits limits;
    limits.datagrams_max = 3;
    Reassembly reassembly(limits);
    for (std::uint16_t id = 1; id <= 3; ++id)
        CHECK(reassembly.push(fragment_v4(whole, {0, 504, true, id})) == "");
    CHECK(reassembly.push(fragment_v4(whole, {0, 504, true, 4})) == "ip.too_many_fragments");
    CHECK(reassembly.counts().forgotten == 1);
    for (std::uint16_t id = 2; id <= 4; ++id) {
        CHECK(reassembly.push(fragment_v4(whole, {504, 1008, false, id})) == "");
    }
    CHECK(reassembly.datagrams.size() == 3);
}

TEST_CASE(
    "fragments: memory is bounded, whole datagrams are given up for it first, then the oldest") {
    const Octets whole = udp(1, 2, numbered(1000)), large = udp(1, 2, numbered(60000));
    flow::FragmentLimits limits;
    limits.bytes_max = 100000;
    Reassembly reassembly(limits);
    CHECK(reassembly.push(fragment_v4(whole, {0, 504, true, 7})) == "");
    for (std::uint16_t id = 1; id <= 3; ++id) {
        for (Piece piece : pieces_of(large, 1480)) {
            piece.id = 100 + id;
            REQUIRE(reassembly.push(fragment_v4(large, piece)) == "");
        }
    }
    CHECK(reassembly.datagrams.size() == 3);
    CHECK(reassembly.counts().forgotten == 0);
    std::set<std::string> problems;
    for (std::uint16_t id = 1000; id < 1100; ++id)
        problems.insert(reassembly.push(fragment_v4(whole, {0, 504, true, id})));
    CHECK(problems == std::set<std::string>{"", "ip.too_many_fragments"});
    CHECK(reassembly.counts().forgotten > 0);
}

TEST_CASE("fragments: a datagram that does not fit alone is given up") {
    const Octets large = udp(1, 2, numbered(60000));
    flow::FragmentLimits limits;
    limits.bytes_max = 20000;
    Reassembly reassembly(limits);
    std::string last;
    for (const Piece& piece : pieces_of(large, 1480)) {
        const std::string problem = reassembly.push(fragment_v4(large, piece));
        if (!problem.empty()) last = problem;
    }
    CHECK(last == "ip.too_many_fragments");
    CHECK(reassembly.datagrams.empty());
}

TEST_CASE("fragments: a fragmented tunnel with fragments inside needs two rounds") {
    const Octets whole = udp(1, 2, numbered(2000));
    Reassembly inner;
    for (const Piece& piece : pieces_of(whole, 1480)) {
        const Octets content = fragment_v4(whole, piece);
        Reassembly outer;
        for (Piece half : pieces_of(content, 504)) {
            half.protocol = 4;
            half.id = 9;
            if (!half.more && half.begin == 0) break;  // small enough as it is
            CHECK(outer.push(fragment_v4(content, half)) == "");
        }
        REQUIRE(outer.datagrams.size() == 1);
        CHECK(inner.push(outer.datagrams[0]) == "");
    }
    CHECK(only_content(inner) == whole);
}
