#include "inventory/provenance.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "mcp/readable.h"

using namespace umbratap;
using namespace umbratap::inventory;

namespace {

constexpr char ticket[] =
    "Customer 4711 reports that the invoice of March was sent to her old address, although she "
    "gave the new one.";
constexpr char other_text[] =
    "The build of yesterday evening failed since a file with the settings of the printer was not "
    "to be found.";

/// Servers and clients that say things to each other; a client is a number.
struct Talk {
    Provenance provenance;
    detect::Winnowing winnowing{Seal::Key{4, 5, 6}};
    double now = 1000;

    explicit Talk(const ProvenanceLimits& limits = {}) : provenance(limits) {}

    ContentEnd end(int client, const std::string& server) const {
        const std::uint8_t address[] = {10, 0, 0, static_cast<std::uint8_t>(client)};
        return {packet::Address::from_v4(address),
                server,
                "tools/call",
                "tool of " + server,
                Verdict::approved,
                Time(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(now)))};
    }
    detect::Fingerprints read(const std::string& text) {
        mcp::JsonReader reader;
        mcp::ReadableStrings strings;
        const std::string json = "{\"text\":\"" + text + "\"}";
        REQUIRE(reader.read(as_bytes(json), strings));
        detect::Fingerprints out;
        winnowing.read(strings, out);
        return out;
    }
    void returned(int client, const std::string& server, const std::string& text) {
        now += 1;
        provenance.note_returned(end(client, server), read(text));
    }
    /// Servers whose content it is.
    std::vector<std::string> sent(int client, const std::string& server, const std::string& text) {
        now += 1;
        travels.clear();
        provenance.note_sent(end(client, server), read(text), travels);
        std::vector<std::string> from;
        for (const ContentTravel& travel : travels) from.push_back(travel.from.server);
        return from;
    }
    std::vector<ContentTravel> travels;
};

using Servers = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "provenance: what a server returned and another is sent travels, with both ends and its "
    "length") {
    Talk talk;
    talk.returned(1, "a", std::string("Ticket: ") + ticket);
    CHECK(talk.sent(1, "b", std::string("Translate: ") + ticket + " Thanks.") == Servers{"a"});
    CHECK(talk.travels[0].from.tool == "tool of a");
    CHECK(talk.travels[0].where == "text");
    CHECK(talk.travels[0].characters >= 42);
    CHECK(talk.travels[0].characters <= 88);  // letters and digits of the ticket
    CHECK(talk.sent(2, "c", ticket) == Servers{"a"});
}

TEST_CASE("provenance: back to where it came from is no travel") {
    Talk talk;
    talk.returned(1, "a", ticket);
    CHECK(talk.sent(1, "a", ticket).empty());
}

TEST_CASE("provenance: what a client said first is its own, though a server says it back") {
    Talk talk;
    CHECK(talk.sent(1, "a", ticket).empty());
    talk.returned(1, "a", std::string("nothing found for ") + ticket);
    CHECK(talk.sent(1, "b", ticket).empty());
}

TEST_CASE(
    "provenance: what one client gave to a server and another gets from it travels on as the "
    "server's") {
    Talk talk;
    CHECK(talk.sent(1, "a", ticket).empty());
    talk.returned(2, "a", ticket);
    CHECK(talk.sent(2, "b", ticket) == Servers{"a"});
}

TEST_CASE("provenance: what several clients say is common") {
    Talk talk;
    CHECK(talk.sent(1, "a", ticket).empty());
    CHECK(talk.sent(2, "a", ticket).empty());
    talk.returned(2, "a", ticket);
    CHECK(talk.sent(2, "b", ticket).empty());
}

TEST_CASE("provenance: what several servers return is common") {
    Talk talk;
    talk.returned(1, "a", ticket);
    talk.returned(1, "b", ticket);
    CHECK(talk.sent(1, "c", ticket).empty());
}

TEST_CASE("provenance: a server that says back what was sent on to it does not make it common") {
    Talk talk;
    talk.returned(1, "a", ticket);
    CHECK(talk.sent(1, "b", ticket) == Servers{"a"});
    talk.returned(1, "b", std::string("saved: ") + ticket);
    CHECK(talk.sent(1, "c", ticket) == Servers{"a"});
}

TEST_CASE("provenance: half a sentence, and pieces out of order, are no evidence") {
    Talk talk;
    talk.returned(1, "a", ticket);
    CHECK(talk.sent(1, "b", "the invoice of March was sent").empty());
    CHECK(talk.sent(1, "b", "was sent to her old address. Customer 4711 reports that").empty());
}

TEST_CASE("provenance: content of two servers in one message is told of both") {
    Talk talk;
    talk.returned(1, "a", ticket);
    talk.returned(1, "b", other_text);
    CHECK(talk.sent(1, "c", std::string(ticket) + " - " + other_text) == Servers{"a", "b"});
}

TEST_CASE("provenance: it is forgotten after its lifetime, and not before half of it") {
    ProvenanceLimits limits;
    limits.lifetime = std::chrono::seconds(100);
    Talk talk(limits);
    talk.returned(1, "a", ticket);
    talk.now += 45;
    CHECK(talk.sent(1, "b", ticket) == Servers{"a"});
    talk.now += 101;
    CHECK(talk.sent(1, "c", ticket).empty());
    CHECK(talk.provenance.forgotten_early() == 0);
}

TEST_CASE("provenance: what is returned again lives on") {
    ProvenanceLimits limits;
    limits.lifetime = std::chrono::seconds(100);
    Talk talk(limits);
    for (int i = 0; i < 20; ++i) {
        talk.returned(1, "a", ticket);
        talk.now += 40;
    }
    CHECK(talk.sent(1, "b", ticket) == Servers{"a"});
}

TEST_CASE("provenance: its memory is bounded, and what had to go early is counted") {
    ProvenanceLimits limits;
    limits.fingerprints_max = 4'000;
    Talk talk(limits);
    talk.returned(1, "a", ticket);
    std::mt19937 random(3);
    for (int i = 0; i < 100; ++i) {
        std::string text;
        for (int c = 0; c < 2'000; ++c)
            text += c % 6 == 5 ? ' ' : static_cast<char>('a' + random() % 26);
        talk.returned(1, "b", text);
    }
    CHECK(talk.sent(1, "c", ticket).empty());
    CHECK(talk.provenance.forgotten_early() > 8'000);
}

TEST_CASE("provenance: nothing is remembered where the limit is zero") {
    ProvenanceLimits limits;
    limits.fingerprints_max = 0;
    Talk talk(limits);
    talk.returned(1, "a", ticket);
    CHECK(talk.sent(1, "b", ticket).empty());
}

TEST_CASE("provenance: a clock that is set back does no harm") {
    Talk talk;
    talk.returned(1, "a", ticket);
    talk.now -= 10 * 365 * 86400.0;
    CHECK(talk.sent(1, "b", ticket) == Servers{"a"});
    talk.now += 20 * 365 * 86400.0;
    CHECK(talk.sent(1, "c", ticket).empty());
}
