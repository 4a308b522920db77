#include "tls/record.h"

#include <doctest/doctest.h>

#include "support/every_cut.h"
#include "tls/hello_bytes.h"

using namespace umbratap;
using namespace umbratap::tls;
using namespace umbratap::tls::test;

namespace {

std::string reading(const std::vector<Bytes>& pieces) {
    Budget budget(1 << 20);
    Workspace workspace(budget);
    RecordCutter cutter(budget);
    std::string seen;
    for (const Bytes piece : pieces) {
        const std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        Bytes data = copy;
        Record record;
        for (;;) {
            const auto result = cutter.next(data, record, workspace);
            if (result == RecordCutter::Result::needs_more) break;
            if (result != RecordCutter::Result::record) return seen + "!";
            seen +=
                std::to_string(record.type()) + ":" + std::to_string(record.body().size()) + " ";
            seen += as_text(record.body().first(std::min<std::size_t>(record.body().size(), 4)));
        }
    }
    return seen + "(" + std::to_string(cutter.kept().size()) + ")";
}

}  // namespace

TEST_CASE("records: however they are cut and joined") {
    const std::string stream = record("hello") + record("", 23) +
                               record(std::string(16384, 'x'), 23) + record("a", 20) +
                               record("not whole").substr(0, 9);
    CHECK(reading({as_bytes(stream)}) == "22:5 hell23:0 23:16384 xxxx20:1 a(9)");
    CHECK(::umbratap::test::differs_when_cut(as_bytes(stream), reading) == "");
}

TEST_CASE("records: what is none is not taken for one") {
    CHECK(reading({as_bytes("GET /")}) == "!");
    CHECK(reading({as_bytes("\x17\x03\x03\x48\x01")}) == "!");
    CHECK(reading({as_bytes(record("hello") + "GET /")}) == "22:5 hell!");
}

TEST_CASE("records: one that lies whole in what is pushed is not copied") {
    Budget budget(0);
    Workspace workspace(budget);
    RecordCutter cutter(budget);
    const std::string stream = record("hello") + record("again");
    Bytes data = as_bytes(stream);
    Record record;
    CHECK(cutter.next(data, record, workspace) == RecordCutter::Result::record);
    CHECK(static_cast<const void*>(record.bytes.data()) == stream.data());
    CHECK(!cutter.put_back());
    CHECK(cutter.next(data, record, workspace) == RecordCutter::Result::record);
    data = as_bytes("\x17");
    CHECK(cutter.next(data, record, workspace) == RecordCutter::Result::no_memory);
}
