#include "report/sinks/http_answers.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

TEST_CASE("http answers: the collector's code, its id to ask for, the event it does not take") {
    const auto good = read_hec_answer(R"({"text":"Success","code":0,"ackId":7})");
    REQUIRE(good);
    CHECK(good->code == 0);
    CHECK(good->acknowledgement == 7);
    CHECK_FALSE(good->invalid_event);
    const auto bad =
        read_hec_answer(R"({"text":"Invalid data format","code":6,"invalid-event-number":3})");
    REQUIRE(bad);
    CHECK(bad->code == 6);
    CHECK(bad->invalid_event == 3);
    CHECK(bad->text == "Invalid data format");
}

TEST_CASE("http answers: the ids that were acknowledged") {
    const auto ids =
        read_hec_acknowledgements(R"({"acks":{"1":true,"2":false,"3":true,"x":true}})");
    REQUIRE(ids);
    CHECK(*ids == std::vector<std::uint64_t>{1, 3});
    CHECK_FALSE(read_hec_acknowledgements(R"({"acks":[1]})"));
}

TEST_CASE("http answers: the status of each item of a bulk request, and the first complaint") {
    const auto answer = read_bulk_answer(
        R"({"took":1,"errors":true,"items":[{"create":{"_id":"a","status":201}},)"
        R"({"create":{"_id":"b","status":409,"error":{"reason":"exists"}}},)"
        R"({"create":{"_id":"c","status":400,"error":{"reason":"failed to parse"}}}]})");
    REQUIRE(answer);
    CHECK(answer->statuses == std::vector<int>{201, 409, 400});
    CHECK(answer->complaint == "failed to parse");
}

TEST_CASE("http answers: what makes no sense is no answer") {
    for (const char* junk :
         {"", "<html>", "[]", "{}", "{\"items\":{}}", "{\"items\":[1]}", "{\"items\":[{}]}",
          "{\"items\":[{\"create\":{\"status\":-1}}]}", "{\"code\":\"0\"}", "\xff"}) {
        CHECK_FALSE(read_bulk_answer(junk));
        CHECK_FALSE(read_hec_answer(junk));
        CHECK_FALSE(read_hec_acknowledgements(junk));
    }
}

TEST_CASE("http answers: an excerpt is short, and harmless on a terminal") {
    CHECK(excerpt("a\x1b[31mb\n") == "a\\u{1b}[31mb\\u{a}");
    CHECK(excerpt(std::string(1000, 'x')).size() < 170);
}
