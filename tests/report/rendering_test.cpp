#include "report/rendering.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "report/renderings/rendered.h"

using namespace umbratap;
using namespace umbratap::report;
using test::Json;
using test::read_cef;
using test::read_leef;
using test::rendered;

namespace {

constexpr Rendering all[] = {Rendering::ecs, Rendering::ocsf, Rendering::cef, Rendering::leef,
                             Rendering::zeek};

std::string mended(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const Character character = first_character(text);
        out += character.valid ? text.substr(0, character.length) : "\uFFFD";
        text.remove_prefix(character.length);
    }
    return out;
}

bool one_harmless_line(std::string_view line) {
    if (!line.ends_with("\n")) return false;
    line.remove_suffix(1);
    // The tab is LEEF's delimiter.
    const bool leef = line.starts_with("LEEF:");
    while (!line.empty()) {
        const Character character = first_character(line);
        if (!character.valid) return false;
        if (is_deceptive(character.code) && !(leef && character.code == '\t')) return false;
        line.remove_prefix(character.length);
    }
    return true;
}

/// Every control, bidirectional and zero-width character, what the formats are made of, bytes that
/// are no UTF-8, and letters in between.
std::vector<std::string> hostile_pieces() {
    std::vector<std::string> pieces = {
        "|",     "=",      "\\",        "\"",       "'",        " ",  "\n", "\r\n",
        "\\n",   "\\u{9}", "\xff",      "\xe2\x82", "\xc0\xaf", "日", "😀",  "CEF:0|",
        " src=", "\tsrc=", "</script>", "${x}",     "\x1b[2J",  "a",  "Z",  "9"};
    for (char32_t code = 0; code < 0x110000; ++code) {
        if (!is_deceptive(code) || (code >= 0xd800 && code < 0xe000)) continue;
        if (code > 0xe0000 && code % 64 != 0) continue;
        std::string piece;
        if (code < 0x80) {
            piece = {static_cast<char>(code)};
        } else if (code < 0x800) {
            piece = {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 63))};
        } else if (code < 0x10000) {
            piece = {static_cast<char>(0xe0 | code >> 12),
                     static_cast<char>(0x80 | (code >> 6 & 63)),
                     static_cast<char>(0x80 | (code & 63))};
        } else {
            piece = {
                static_cast<char>(0xf0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 63)),
                static_cast<char>(0x80 | (code >> 6 & 63)), static_cast<char>(0x80 | (code & 63))};
        }
        pieces.push_back(piece);
    }
    return pieces;
}

void check_hostile(const std::string& text) {
    CAPTURE(test::visible(text));
    inventory::Alert alert = test::alert();
    alert.excerpt = alert.tool = alert.session_id = alert.parties.server.name = text;
    inventory::Call call;
    call.parties = alert.parties;
    call.method = call.tool = call.session_id = text;
    call.outcome = inventory::Outcome::error;
    call.error_message = text;
    const std::string sent = mended(text);

    for (const inventory::Record& record : {inventory::Record(alert), inventory::Record(call)}) {
        for (const Rendering rendering : all) CHECK(one_harmless_line(rendered(rendering, record)));
        Json ecs(rendered(Rendering::ecs, record)), ocsf(rendered(Rendering::ocsf, record));
        CHECK(ecs.at("/gen_ai/tool/name") == sent);
        CHECK(ecs.at("/mcp/session/id") == sent);
        CHECK(ocsf.at("/unmapped/mcp/server/name") == sent);
        CHECK(read_cef(rendered(Rendering::cef, record))["cs1"] == test::visible(text, "\r\n"));
        CHECK(read_cef(rendered(Rendering::cef, record))["cs3"] == test::visible(text, "\r\n"));
        CHECK(read_leef(rendered(Rendering::leef, record))["tool"] == test::visible(text));
        CHECK(read_leef(rendered(Rendering::leef, record))["sessionId"] == test::visible(text));
    }
    CHECK(Json(rendered(Rendering::zeek, alert)).at("/sub") == sent);
    CHECK(Json(rendered(Rendering::zeek, call)).at("/error_message") == sent);
    CHECK(Json(rendered(Rendering::ocsf, call)).at("/activity_name") == sent);
}

}  // namespace

TEST_CASE("rendering: names are known, and no others") {
    CHECK(rendering_of("eve") == Rendering::eve);
    CHECK(rendering_of("zeek") == Rendering::zeek);
    CHECK_FALSE(rendering_of("ECS"));
    CHECK_FALSE(rendering_of(""));
}

TEST_CASE("rendering: eve is the event itself") {
    std::string line, out = "kept";
    write_eve(test::alert(), {}, line);
    CHECK(render(Rendering::eve, line, out));
    CHECK(out == "kept" + line);
}

TEST_CASE("rendering: junk becomes nothing") {
    for (const Rendering rendering : all) {
        std::string out = "kept";
        CHECK_FALSE(render(rendering, "junk", out));
        CHECK_FALSE(render(rendering, "{}", out));
        CHECK_FALSE(render(rendering, "", out));
        CHECK(out == "kept");
    }
}

TEST_CASE("rendering: an event type that nobody knows becomes no line") {
    for (const Rendering rendering : all) {
        std::string out;
        CHECK(render(
            rendering,
            R"({"timestamp":"2026-10-01T12:00:00.123456+0000","event_type":"later","event_id":"0"})",
            out));
        CHECK(out.empty());
    }
}

TEST_CASE("rendering: severity in every schema, whose directions differ") {
    struct Row {
        int eve;
        const char *ecs, *ocsf, *cef, *leef, *zeek;
    };
    for (const Row& row : {Row{1, "99", "5", "10", "10", "1"}, Row{2, "73", "4", "8", "8", "2"},
                           Row{3, "47", "3", "5", "5", "3"}, Row{4, "21", "2", "3", "3", "4"}}) {
        inventory::Alert alert = test::alert();
        alert.severity = row.eve;
        CHECK(Json(rendered(Rendering::ecs, alert)).at("/event/severity") == row.ecs);
        CHECK(Json(rendered(Rendering::ocsf, alert)).at("/severity_id") == row.ocsf);
        CHECK(read_cef(rendered(Rendering::cef, alert))["header/6"] == row.cef);
        CHECK(read_leef(rendered(Rendering::leef, alert))["sev"] == row.leef);
        CHECK(Json(rendered(Rendering::zeek, alert)).at("/severity") == row.zeek);
    }
    // Other events are informational.
    CHECK(Json(rendered(Rendering::ecs, test::session())).at("/event/severity") == "(absent)");
    CHECK(Json(rendered(Rendering::ocsf, inventory::FlowEnd{})).at("/severity_id") == "1");
    CHECK(read_cef(rendered(Rendering::cef, test::session()))["header/6"] == "0");
    CHECK(read_leef(rendered(Rendering::leef, test::session()))["sev"] == "1");
}

TEST_CASE("rendering: no character of an attacker breaks a line, and all come back") {
    const std::vector<std::string> pieces = hostile_pieces();
    for (const std::string& piece : pieces) {
        check_hostile("x" + piece + "y");
        check_hostile(piece + "=" + piece);
    }
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        std::string text;
        for (std::size_t length = random() % 12 + 1; length > 0; --length)
            text += pieces[random() % pieces.size()];
        check_hostile(text);
    }
}
