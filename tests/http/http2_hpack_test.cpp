#include "http/http2_hpack.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <filesystem>
#include <random>

#include "http/http2_builder.h"
#include "http/http2_head.h"
#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::test;
using http::HpackDecoder;

namespace {

const http::Limits limits;

std::string written(const http::Head& head) {
    std::string out = head.method + " " + head.scheme + "://" + head.authority + head.target + " " +
                      std::to_string(head.status) + (head.partial ? " partial" : "") + "\n";
    for (std::size_t i = 0; i < head.fields.size(); ++i) {
        out.append(head.fields.name(i)).append(": ").append(head.fields.value(i)).append("\n");
    }
    return out;
}

http::Head head_of(http::Http2Fields& fields) {
    http::Head head;
    head.is_request = fields.is_request();
    fields.move_to(head);
    return head;
}

/// What a decoder makes of a block; empty if it fails.
std::string decoded(HpackDecoder& decoder, const std::string& block, http::Head* into = nullptr) {
    http::Http2Fields fields(limits);
    if (decoder.begin_block(0) || decoder.push(as_bytes(block), fields) || decoder.end_block())
        return {};
    const http::Head head = head_of(fields);
    if (into != nullptr) *into = head;
    return written(head);
}

std::string expected(const FieldList& list) {
    http::Http2Fields fields(limits);
    for (const auto& [name, value] : list) fields.add(name, value);
    return written(head_of(fields));
}

FieldList some_request(std::mt19937& random) {
    const auto pick = [&](const std::string& stem, unsigned of) {
        return stem + std::to_string(random() % of);
    };
    FieldList fields = {{":method", "POST"},
                        {":scheme", "https"},
                        {":authority", pick("h", 3)},
                        {":path", pick("/mcp/", 20)}};
    for (unsigned i = 0; i < random() % 12; ++i)
        fields.emplace_back(pick("name-", 40), pick("value ", 30));
    return fields;
}

}  // namespace

TEST_CASE("hpack: blocks are decoded as they were encoded, however they are cut") {
    FieldEncoder encoder;
    const FieldList list = {
        {":method", "GET"}, {":path", "/"}, {"x", "y"}, {"mcp-session-id", "s 1"}};
    const std::string first = encoder.block(list), second = encoder.block(list);
    const auto read = [&](const std::vector<Bytes>& pieces) {
        Budget budget(1 << 20);
        HpackDecoder decoder(budget);
        http::Http2Fields fields(limits);
        CHECK(!decoder.begin_block(0));
        for (const Bytes piece : pieces) CHECK(!decoder.push(piece, fields));
        CHECK(!decoder.end_block());
        return written(head_of(fields)) + decoded(decoder, second);
    };
    CHECK(differs_when_cut(as_bytes(first), read) == "");
    CHECK(read({as_bytes(first)}) == expected(list) + expected(list));
}

TEST_CASE("hpack: the sender may enlarge its table up to the limit, and not beyond") {
    Budget budget(1 << 20);
    HpackDecoder decoder(budget);
    FieldEncoder encoder(1 << 20);
    encoder.change_table_size(HpackDecoder::table_bytes_max);
    CHECK(decoded(decoder, encoder.block({{":path", "/a"}})) != "");
    encoder.change_table_size(HpackDecoder::table_bytes_max + 1);
    CHECK(decoded(decoder, encoder.block({{":path", "/a"}})) == "");
    CHECK(decoded(decoder, encoder.block({{":status", "200"}})) != "");  // a new one was filled
}

TEST_CASE("hpack: after a missed start nothing wrong is told, and all that can be known is") {
    for (const std::size_t table : {0U, 1024U, 4096U, 65536U}) {
        for (unsigned seed = 0; seed < 4; ++seed) {
            std::mt19937 random(seed);
            FieldEncoder encoder(table);
            if (table == 65536) encoder.change_table_size(table);
            for (unsigned missed = 0; missed < 50; ++missed) encoder.block(some_request(random));
            Budget budget(1 << 20);
            HpackDecoder decoder(budget);
            decoder.lose();
            std::size_t told = 0, said = 0, failed = 0;
            for (int round = 0; round < 100; ++round) {
                const FieldList list = some_request(random);
                http::Head head;
                if (decoded(decoder, encoder.block(list), &head).empty()) {
                    ++failed;
                    continue;
                }
                http::Http2Fields all(limits);
                for (const auto& [name, value] : list) all.add(name, value);
                const http::Head truth = head_of(all);
                told += head.fields.size();
                said += truth.fields.size();
                if (!head.partial) CHECK(written(head) == written(truth));
                CHECK((head.target.empty() || head.target == truth.target));
                CHECK((head.authority.empty() || head.authority == truth.authority));
                std::size_t at = 0;  // what there is, is there in that order
                for (std::size_t i = 0; i < head.fields.size(); ++i, ++at) {
                    while (at < truth.fields.size() &&
                           (truth.fields.name(at) != head.fields.name(i) ||
                            truth.fields.value(at) != head.fields.value(i)))
                        ++at;
                    CHECK(at < truth.fields.size());
                }
            }
            CHECK(failed <= (table > 4096 ? 1 : 0));  // until the size is known
            if (table <= 1024) CHECK(told * 10 > said * 3);
        }
    }
}

TEST_CASE("hpack: an entry that may have emptied the table makes all before it unknown") {
    FieldEncoder encoder;
    encoder.block({{"old", "entry"}});
    Budget budget(1 << 20);
    HpackDecoder decoder(budget);
    decoder.lose();
    decoded(decoder, encoder.block({{"kept", "value"}}));
    // Literal with incremental indexing, name "x", a value of 5000 bytes; then the newest entry.
    const std::string large = std::string("\x40\x01x\x7f\x89\x26", 6) + std::string(5000, 'v');
    http::Head head;
    CHECK(decoded(decoder, large + "\xbe", &head) != "");
    CHECK(head.fields.has("x"));
    CHECK(!head.fields.has("kept"));
    CHECK(head.partial);
}

TEST_CASE("hpack: memory is charged and given back") {
    Budget budget(1 << 20);
    {
        HpackDecoder decoder(budget);
        CHECK(budget.used() == 0);
        CHECK(decoded(decoder, "\x82") != "");
        CHECK(budget.used() > 0);
        decoder.lose();
        CHECK(decoded(decoder, "\x82") != "");
        CHECK(budget.used() > 10 * 1024);
        CHECK(budget.used() < 64 * 1024);
    }
    CHECK(budget.used() == 0);
    Budget small(1000);
    HpackDecoder decoder(small);
    CHECK(decoder.begin_block(0) == Problem{"http2.field_table_given_up"});
    CHECK(small.used() == 0);
}

TEST_CASE("hpack: tables are filled anew only as bytes come in") {
    Budget budget(1 << 20);
    HpackDecoder decoder(budget);
    http::Http2Fields fields(limits);
    int filled = 0;
    while (filled < 1000) {
        decoder.lose();
        if (decoder.begin_block(100 * 1024)) break;
        ++filled;
    }
    CHECK(filled == 140);
    CHECK(!decoder.begin_block(200 * 1024));
}

TEST_CASE("hpack: broken blocks are named, and end with the block") {
    for (const std::string block :
         {"\xff\xff\xff\xff\xff\xff\xff", "\x80", "\xbe", "\x40\x01", "\x40\x82\xff\xff\x00"}) {
        Budget budget(1 << 20);
        HpackDecoder decoder(budget);
        CHECK(decoded(decoder, block) == "");
        CHECK(decoded(decoder, "\x82") != "");
    }
}

TEST_CASE("hpack: stories of other encoders are read as they were told") {
    const char* corpus = std::getenv("UMBRATAP_THIRDPARTY");
    if (corpus == nullptr) {
        MESSAGE("skipped: UMBRATAP_THIRDPARTY names no folder of captures");
        return;
    }
    int stories = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(corpus) + "/hpack")) {
        if (entry.path().extension() != ".json") continue;
        ++stories;
        simdjson::dom::parser parser;
        const simdjson::dom::element story = parser.load(entry.path().string());
        Budget budget(1 << 20);
        HpackDecoder decoder(budget);
        for (const simdjson::dom::object one : story["cases"]) {
            const std::string_view wire = one["wire"];
            std::string block;
            for (std::size_t i = 0; i + 1 < wire.size(); i += 2)
                block += static_cast<char>(std::stoi(std::string(wire.substr(i, 2)), nullptr, 16));
            FieldList list;
            for (const simdjson::dom::object field : one["headers"]) {
                for (const auto member : field)
                    list.emplace_back(std::string(member.key),
                                      std::string(std::string_view(member.value)));
            }
            CHECK_MESSAGE(decoded(decoder, block) == expected(list), entry.path().string());
        }
    }
    CHECK(stories > 0);
}
