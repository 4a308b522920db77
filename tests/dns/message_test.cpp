#include "dns/message.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace umbratap;
using namespace umbratap::dns;

namespace {

std::string number(std::size_t value, int bytes) {
    std::string out;
    for (int i = bytes; i-- > 0;) out += static_cast<char>(value >> 8 * i);
    return out;
}

/// "a.example" on the wire.
std::string name(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::string_view label = text.substr(0, text.find('.'));
        out += number(label.size(), 1);
        out += label;
        text.remove_prefix(std::min(label.size() + 1, text.size()));
    }
    return out + '\0';
}

std::string pointer(std::size_t place) {
    return number(0xc000 | place, 2);
}

constexpr std::size_t question_at = 12;

std::string header(std::size_t answers, std::size_t flags = 0x8180, std::size_t questions = 1) {
    return number(0x1234, 2) + number(flags, 2) + number(questions, 2) + number(answers, 2) +
           number(0, 4);
}

std::string record(std::string_view owner, unsigned type, std::string_view content,
                   unsigned record_class = 1) {
    return std::string(owner) + number(type, 2) + number(record_class, 2) + number(300, 4) +
           number(content.size(), 2) + std::string(content);
}

std::string response(std::string_view asked, const std::vector<std::string>& records,
                     std::size_t flags = 0x8180) {
    std::string out =
        header(records.size(), flags) + std::string(asked) + number(1, 2) + number(1, 2);
    for (const std::string& each : records) out += each;
    return out;
}

const std::string four("\x0a\x14\x00\x05", 4);
const std::string other_four("\x0a\x14\x00\x06", 4);
const std::string six("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);

/// question|alias,alias|address,address problem
std::string decoded(std::string_view message) {
    const std::vector<std::uint8_t> exact(message.begin(), message.end());
    Answer answer;
    answer.question = "left over from before";
    const Problem problem = decode(exact, answer);
    std::string seen = answer.question + "|";
    for (const std::string& alias : answer.aliases) seen += alias + ",";
    seen += "|";
    for (const auto& address : answer.addresses) {
        const bool is_mapped = address[10] == 0xff && address[11] == 0xff;
        for (std::size_t i = is_mapped ? 12 : 0; i < 16; ++i) {
            seen += std::to_string(address[i]) + (i < 15 ? "." : ",");
        }
    }
    return seen + (problem ? " " : "") + std::string(problem.name());
}

std::string question_of(std::string_view asked) {
    const std::string seen = decoded(response(asked, {}));
    return seen.substr(0, seen.size() - (seen.ends_with("||") ? 2 : 0));
}

}  // namespace

TEST_CASE("dns: addresses of the name asked for") {
    CHECK(
        decoded(response(name("MCP.Corp.Example"), {record(pointer(question_at), 1, four),
                                                    record(name("mcp.corp.example"), 28, six)})) ==
        "mcp.corp.example||10.20.0.5,32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1,");
}

TEST_CASE("dns: aliases are followed, in whatever order they come") {
    const std::string asked = name("a.example"), first = name("b.example"),
                      second = name("c.example");
    CHECK(decoded(response(asked, {record(pointer(question_at), 5, first), record(first, 5, second),
                                   record(second, 1, four)})) ==
          "a.example|b.example,c.example,|10.20.0.5,");
    CHECK(decoded(response(asked, {record(second, 1, four), record(first, 5, second),
                                   record(asked, 5, first)})) ==
          "a.example|b.example,c.example,|10.20.0.5,");
}

TEST_CASE("dns: an address of a name that nobody asked for does not count") {
    CHECK(decoded(response(name("a.example"), {record(name("portal.example"), 1, four),
                                               record(name("a.example"), 1, other_four)})) ==
          "a.example||10.20.0.6,");
}

TEST_CASE("dns: records of other types and classes are passed over") {
    CHECK(decoded(response(name("a.example"), {record(pointer(question_at), 16, "\4text"),
                                               record(pointer(question_at), 1, four, 3),
                                               record(pointer(question_at), 1, four)})) ==
          "a.example||10.20.0.5,");
}

TEST_CASE("dns: queries, errors and other questions are no answers") {
    const std::string asked = name("a.example");
    const std::vector<std::string> records = {record(pointer(question_at), 1, four)};
    CHECK(decoded(response(asked, records, 0x0100)) == "||");   // a query
    CHECK(decoded(response(asked, records, 0x8183)) == "||");   // no such name
    CHECK(decoded(response(asked, records, 0xa180)) == "||");   // another kind of query
    CHECK(decoded(header(1, 0x8180, 0) + records[0]) == "||");  // no question
    CHECK(decoded(header(1) + asked + number(1, 2) + number(3, 2) + records[0]) ==
          "||");  // class CHAOS
}

TEST_CASE("dns: a message that is too short") {
    CHECK(decoded("") == "|| dns.too_short");
    CHECK(decoded(header(0).substr(0, 11)) == "|| dns.too_short");
    CHECK(decoded(header(0) + name("a.example") + number(1, 2)) == "|| dns.too_short");
}

TEST_CASE("dns: cut short anywhere, what remains is a part of the whole") {
    const std::string asked = name("a.example"), alias = name("b.example");
    const std::string whole =
        response(asked, {record(pointer(question_at), 5, alias), record(alias, 1, four),
                         record(alias, 1, other_four)});
    const std::string expected = "a.example|b.example,|10.20.0.5,10.20.0.6,";
    CHECK(decoded(whole) == expected);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::string seen = decoded(std::string_view(whole).substr(0, length));
        const std::size_t problem = seen.find(" dns.");
        CHECK(problem != std::string::npos);
        seen.resize(problem);
        CHECK((seen == "||" || seen == "a.example||" || seen == "a.example|b.example,|" ||
               seen == "a.example|b.example,|10.20.0.5,"));
    }
    // Where the server itself cut it, that is no problem.
    const std::string cut = header(2, 0x8380) + asked + number(1, 2) + number(1, 2) +
                            record(pointer(question_at), 1, four);
    CHECK(decoded(cut) == "a.example||10.20.0.5,");
}

TEST_CASE("dns: names as text") {
    CHECK(question_of(name("")) == ".");
    CHECK(question_of("\x03"
                      "A_b"
                      "\x02"
                      "\xc3\xa4" +
                      name("x")) == "a_b.\\195\\164.x");
    CHECK(question_of("\x05"
                      "a.b\\c" +
                      name("x")) == "a\\.b\\\\c.x");
    CHECK(question_of("\x03"
                      "a\nb" +
                      name("x")) == "a\\010b.x");
    CHECK(question_of("\x03"
                      "a b" +
                      name("x")) == "a\\032b.x");
}

TEST_CASE("dns: names end at 255 bytes, labels at 63") {
    const std::string label = number(63, 1) + std::string(63, 'x');
    const std::string fits = label + label + label + number(61, 1) + std::string(61, 'y') + '\0';
    CHECK(fits.size() == 255);
    CHECK(question_of(fits).size() == 253);
    CHECK(question_of(label + label + label + number(62, 1) + std::string(62, 'y') + '\0') ==
          "|| dns.bad_name");
    CHECK(question_of(number(64, 1) + std::string(64, 'x') + '\0') == "|| dns.bad_name");
    CHECK(question_of(number(0x80, 1) + std::string(0x80, 'x') + '\0') == "|| dns.bad_name");
}

TEST_CASE("dns: pointers lead backwards only, so that no name goes in circles") {
    CHECK(question_of(pointer(question_at)) == "|| dns.bad_name");
    CHECK(question_of("\x01"
                      "a" +
                      pointer(question_at)) == "|| dns.bad_name");
    CHECK(question_of("\x01"
                      "a" +
                      pointer(question_at + 10)) == "|| dns.bad_name");
    CHECK(question_of("\xc0") == "|| dns.bad_name");
    // Into the middle of a name is fine: "example" of "a.example".
    CHECK(decoded(response(name("a.example"), {record(pointer(question_at), 5,
                                                      "\x01"
                                                      "b" +
                                                          pointer(question_at + 2)),
                                               record(name("b.example"), 1, four)})) ==
          "a.example|b.example,|10.20.0.5,");
}

TEST_CASE("dns: names made of pointers to pointers end, and cost no more than others") {
    const std::string asked = name("a.example");
    std::string message = response(asked, {record(pointer(question_at), 16, std::string())});
    // A text record whose content is a ladder of pointers, each to the one before.
    std::string ladder;
    const std::size_t begin = message.size();
    for (std::size_t i = 0; i < 100; ++i)
        ladder += pointer(i == 0 ? question_at : begin + 2 * (i - 1));
    const auto with_owner = [&](std::size_t step) {
        std::string all = header(2) + asked + number(1, 2) + number(1, 2);
        all += record(pointer(question_at), 16, ladder);
        all += record(pointer(begin + 2 * step), 1, four);
        return decoded(all);
    };
    CHECK(with_owner(10) == "a.example||10.20.0.5,");
    CHECK(with_owner(99) == "a.example|| dns.bad_name");
}

TEST_CASE("dns: a bad record ends the reading, and what stands before counts") {
    const std::string good = record(pointer(question_at), 1, four);
    const std::string asked = name("a.example");
    CHECK(decoded(response(asked, {good, record(pointer(question_at), 1, "abc"), good})) ==
          "a.example||10.20.0.5, dns.bad_record");
    CHECK(decoded(response(asked, {good, record(pointer(question_at), 28, four), good})) ==
          "a.example||10.20.0.5, dns.bad_record");
    CHECK(decoded(response(asked, {good, record(pointer(question_at), 5, name("b") + "x"),
                                   good})) == "a.example||10.20.0.5, dns.bad_record");
    CHECK(decoded(response(asked, {good, record(pointer(question_at), 5, "\xc0\xff"), good})) ==
          "a.example||10.20.0.5, dns.bad_name");
}

TEST_CASE("dns: aliases that go in circles come to an end") {
    const std::string asked = name("a.example"), alias = name("b.example");
    CHECK(decoded(response(
              asked, {record(asked, 5, alias), record(alias, 5, asked), record(asked, 1, four)})) ==
          "a.example|b.example,a.example,|10.20.0.5,");
    CHECK(decoded(response(asked, {record(asked, 5, asked)})) == "a.example|a.example,|");
}

TEST_CASE("dns: aliases and records up to a limit") {
    const std::string asked = name("n0");
    std::vector<std::string> chain;
    for (int i = 0; i < 17; ++i) {
        chain.push_back(
            record(name("n" + std::to_string(i)), 5, name("n" + std::to_string(i + 1))));
    }
    CHECK(decoded(response(asked, chain)).ends_with("n16,| dns.too_many_aliases"));
    const std::vector<std::string> many(257, record(pointer(question_at), 1, four));
    const std::string seen = decoded(response(asked, many));
    CHECK(std::count(seen.begin(), seen.end(), ',') == 256);
    CHECK(seen.ends_with(" dns.too_many_records"));
}
