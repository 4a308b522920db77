// Laws: whatever happens to segments on their way, the stream is the same, or says what it lacks.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "flow/tcp_connection.h"
#include "flow/tcp_stream.h"

using namespace umbratap;
using namespace umbratap::test;
using namespace std::chrono_literals;

namespace {

std::string text_of(std::size_t length, std::mt19937& random) {
    std::string text(length, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

struct Piece {
    std::size_t at = 0, length = 0;
};

std::vector<Piece> cut(std::size_t length, std::size_t size_max, std::mt19937& random) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < length;) {
        const std::size_t size = std::min<std::size_t>(1 + random() % size_max, length - at);
        pieces.push_back({at, size});
        at += size;
    }
    return pieces;
}

void send(Connection& c, std::uint32_t first, const std::string& text, Piece piece) {
    c.send({.sequence = first + static_cast<std::uint32_t>(piece.at),
            .payload = std::string_view(text).substr(piece.at, piece.length),
            .acknowledgement = 5001});
}

}  // namespace

TEST_CASE("tcp: the order of segments does not matter, also where sequence numbers wrap around") {
    std::mt19937 random(1);
    for (int round = 0; round < 60; ++round) {
        const std::string text = text_of(1 + random() % 20000, random);
        auto pieces = cut(text.size(), round % 3 == 0 ? 3000 : 60, random);
        const std::size_t distance = 1 + random() % 50;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            std::swap(pieces[i], pieces[std::min(pieces.size() - 1, i + random() % distance)]);
        }
        const std::uint32_t first =
            0xffffffff - random() % static_cast<std::uint32_t>(text.size() + 1);
        Connection c;
        c.shake_hands(first);
        for (const Piece piece : pieces) send(c, first, text, piece);
        c.finish();
        REQUIRE(c.heard(up).shape == text + "$");
        REQUIRE(c.balance() == "");
        REQUIRE(c.problems().empty());
    }
}

TEST_CASE("tcp: how a stream is cut into segments does not matter") {
    std::mt19937 random(2);
    const std::string text = text_of(30000, random);
    for (const std::size_t size : {1U, 7U, 536U, 1460U, 65000U}) {
        Connection c;
        c.shake_hands();
        for (std::size_t at = 0; at < text.size(); at += size) {
            send(c, 1001, text, {at, std::min(size, text.size() - at)});
        }
        c.finish();
        REQUIRE(c.heard(up).shape == text + "$");
    }
}

TEST_CASE("tcp: of a lost segment only its own bytes are missing") {
    std::mt19937 random(3);
    const std::string text = text_of(3000, random);
    const auto pieces = cut(text.size(), 200, random);
    for (std::size_t lost = 0; lost < pieces.size(); ++lost) {
        Connection c;
        c.shake_hands();
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (i != lost) send(c, 1001, text, pieces[i]);
        }
        c.finish();
        std::string expected = text;
        const bool last = lost + 1 == pieces.size();  // nobody knows of it
        expected.replace(pieces[lost].at, pieces[lost].length,
                         last ? "" : "[" + std::to_string(pieces[lost].length) + "]");
        REQUIRE(c.heard(up).shape == expected + "$");
        REQUIRE(c.balance() == "");
    }
}

TEST_CASE("tcp: repeated and overlapping segments that agree change nothing") {
    std::mt19937 random(4);
    for (int round = 0; round < 60; ++round) {
        const std::string text = text_of(2000 + random() % 3000, random);
        auto pieces = cut(text.size(), 300, random);
        const std::size_t repeated = pieces.size();
        for (std::size_t i = 0; i < repeated; ++i) {
            const std::size_t at = random() % text.size();
            pieces.push_back({at, std::min<std::size_t>(1 + random() % 500, text.size() - at)});
        }
        if (round % 2 == 0) std::shuffle(pieces.begin(), pieces.end(), random);
        Connection c;
        c.shake_hands();
        for (const Piece piece : pieces) send(c, 1001, text, piece);
        c.finish();
        REQUIRE(c.heard(up).shape == text + "$");
        REQUIRE(c.heard(up).alternates.empty());
        REQUIRE(c.problems().empty());
        REQUIRE(c.counts(up).conflicting == 0);
        REQUIRE(c.balance() == "");
    }
}

namespace {

constexpr std::size_t unit = 4, units = 5;

/// Segments i of `layout` carry the letter i in all their bytes; `agreeing` is a bit for each that
/// carries '='.
struct Layout {
    std::vector<Piece> segments;  // in units
    unsigned agreeing = 0;

    char letter(std::size_t i) const {
        return agreeing >> i & 1 ? '=' : static_cast<char>('A' + i);
    }
};

/// What the first arrival makes of it, and whether any two segments disagree.
struct Model {
    std::string bytes = std::string(unit * units, '.');
    bool conflict = false;
    bool last_conflicts = false;

    explicit Model(const Layout& layout) {
        for (std::size_t i = 0; i < layout.segments.size(); ++i) {
            last_conflicts = false;
            for (std::size_t at = layout.segments[i].at * unit;
                 at < (layout.segments[i].at + layout.segments[i].length) * unit; ++at) {
                if (bytes[at] == '.') bytes[at] = layout.letter(i);
                last_conflicts |= bytes[at] != layout.letter(i);
            }
            conflict |= last_conflicts;
        }
    }
    std::string shape() const {
        std::string out;
        std::size_t hole = 0;
        const std::size_t end = bytes.find_last_not_of('.') + 1;
        for (std::size_t at = 0; at < end; ++at) {
            if (bytes[at] == '.') {
                ++hole;
                continue;
            }
            if (hole != 0) out += "[" + std::to_string(hole) + "]";
            hole = 0;
            out += bytes[at];
        }
        return out;
    }
};

/// `held_back`: a byte before all segments comes last, so that all of them are early.
void check_layout(const Layout& layout, bool held_back) {
    const Model model(layout);
    Connection c;
    c.shake_hands();
    const std::uint32_t first = held_back ? 1002 : 1001;
    std::string last;
    for (std::size_t i = 0; i < layout.segments.size(); ++i) {
        last.assign(layout.segments[i].length * unit, layout.letter(i));
        c.send({.sequence = first + static_cast<std::uint32_t>(layout.segments[i].at * unit),
                .payload = last});
    }
    if (held_back) c.send({.sequence = 1001, .payload = "!"});
    c.finish();
    REQUIRE(c.heard(up).shape == (held_back ? "!" : "") + model.shape() + "$");
    const auto& problems = c.problems();
    REQUIRE((std::find(problems.begin(), problems.end(), "tcp.conflicting_overlap") !=
             problems.end()) == model.conflict);
    REQUIRE((c.counts(up).conflicting != 0) == model.conflict);
    REQUIRE(c.heard(up).alternates.empty() == !model.conflict);
    if (model.last_conflicts && layout.agreeing == 0) {
        const auto& alternates = c.heard(up).alternates;
        REQUIRE(std::any_of(alternates.begin(), alternates.end(), [&](const std::string& a) {
            return a.find(last) != std::string::npos;
        }));
    }
    REQUIRE(c.balance() == "");
}

std::vector<Piece> all_pieces() {
    std::vector<Piece> out;
    for (std::size_t at = 0; at < units; ++at) {
        for (std::size_t length = 1; at + length <= units; ++length) out.push_back({at, length});
    }
    return out;
}

}  // namespace

TEST_CASE(
    "tcp: in every layout of two or three segments the first wins and every conflict is named") {
    const auto pieces = all_pieces();
    for (const bool held_back : {false, true}) {
        for (const Piece a : pieces) {
            for (const Piece b : pieces) {
                check_layout({{a, b}}, held_back);
                for (const Piece d : pieces) {
                    for (const unsigned agreeing : {0U, 3U, 5U, 6U, 7U})
                        check_layout({{a, b, d}, agreeing}, held_back);
                }
            }
        }
    }
}

TEST_CASE("tcp: in layouts of four and more segments too") {
    const auto pieces = all_pieces();
    std::mt19937 random(5);
    for (int round = 0; round < 5000; ++round) {
        Layout layout;
        for (std::size_t i = 0; i < 4 + random() % 5; ++i)
            layout.segments.push_back(pieces[random() % pieces.size()]);
        layout.agreeing = static_cast<unsigned>(random());
        check_layout(layout, random() % 2 == 0);
    }
}

TEST_CASE("tcp: another reading that takes several segments to tell is handed on as one piece") {
    Connection c;
    c.shake_hands();
    c.send({.sequence = 1001, .payload = "POST tools/list end"});
    c.send({.sequence = 1012, .payload = "ca"});
    CHECK(c.send({.sequence = 1014, .payload = "ll"}) == "tcp.conflicting_overlap");
    REQUIRE(c.heard(up).alternates.size() == 2);
    CHECK(c.heard(up).alternates[1] == "POST tools/call end");
    CHECK(c.heard(up).shape == "POST tools/list end");
}

TEST_CASE("tcp: in a storm of arbitrary segments every byte is counted exactly once") {
    std::mt19937 random(6);
    for (int round = 0; round < 300; ++round) {
        const std::uint64_t budget_max = round % 4 == 0 ? 3000 : 1 << 20;
        std::uint64_t used = 1;
        {
            flow::TcpLimits limits;
            limits.early_bytes_max = 2000;
            limits.early_segments_max = 10;
            limits.overlap_bytes_kept = 500;
            limits.alternate_bytes_max = 1000;
            Connection c(limits, budget_max);
            const std::uint32_t bases[2] = {static_cast<std::uint32_t>(random()),
                                            static_cast<std::uint32_t>(random())};
            if (round % 2 == 0) c.shake_hands(bases[0], bases[1]);
            for (int i = 0; i < 200; ++i) {
                const Direction direction = random() % 3 == 0 ? down : up;
                const std::uint32_t base = bases[flow::index(direction)];
                const std::string payload(random() % 4 == 0 ? 0 : random() % 300,
                                          static_cast<char>('a' + random() % 2));
                Sent sent;
                sent.direction = direction;
                sent.sequence = base + static_cast<std::uint32_t>(i * 20) + random() % 2000;
                if (random() % 50 == 0) sent.sequence = static_cast<std::uint32_t>(random());
                sent.acknowledgement = bases[1 - flow::index(direction)] +
                                       static_cast<std::uint32_t>(i * 20) + random() % 1000;
                sent.payload = payload;
                if (random() % 30 == 0) sent.flags = static_cast<std::uint8_t>(random() & 0x17);
                sent.right_checksum = random() % 20 != 0;
                if (random() % 10 == 0) sent.captured_max = 20 + random() % 100;
                c.send(sent);
                REQUIRE(c.balance() == "");
                REQUIRE(c.budget().used() <= budget_max);
            }
            c.finish();
            for (const Direction direction : {up, down}) {
                REQUIRE(c.heard(direction).ends == 1);
                REQUIRE(c.heard(direction).shape.find('<') == std::string::npos);
                REQUIRE(c.counts(direction).waiting == 0);
            }
            REQUIRE(c.balance() == "");
            c.stream() = flow::TcpStream(limits, c.budget());
            used = c.budget().used();
        }
        REQUIRE(used == 0);
    }
}
