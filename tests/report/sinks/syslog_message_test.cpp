#include "report/sinks/syslog_message.h"

#include <doctest/doctest.h>

using namespace umbratap::report;

namespace {

Parcel parcel(const Event& event, bool redelivered = false) {
    Parcel parcel;
    append_event(event, parcel.bytes);
    parcel.redelivered = redelivered;
    return parcel;
}

std::string message(const Parcel& parcel) {
    std::string out;
    append_syslog_message({16, "sensor-1", "umbratap"}, parcel, out);
    return out;
}

}  // namespace

TEST_CASE("syslog message: header, structured data, text") {
    Event event;
    event.line = "{\"a\":1}";
    event.timestamp = "2026-10-01T12:00:00.123456+0000";
    event.type = "alert";
    event.severity = 1;
    event.id = "0123456789abcdef";
    CHECK(message(parcel(event)) ==
          "<130>1 2026-10-01T12:00:00.123456Z sensor-1 umbratap - alert "
          "[umbratap@32473 eventId=\"0123456789abcdef\"] {\"a\":1}");
    event.severity = 4;
    CHECK(message(parcel(event)).starts_with("<133>1 "));
    event.severity = 0;
    CHECK(message(parcel(event, true)).starts_with("<134>1 "));
    CHECK(message(parcel(event, true)).find("\" redelivered=\"true\"] {") != std::string::npos);
}

TEST_CASE("syslog message: what is not there, or is not fit for a header, stands as a dash") {
    Event event;
    event.id = "a\"b]c\\d";
    CHECK(message(parcel(event)) ==
          "<134>1 - sensor-1 umbratap - - [umbratap@32473 eventId=\"a\\\"b\\]c\\\\d\"] ");
    CHECK(syslog_name("a b\n\xc3\xa4", 32) == "ab");
    CHECK(syslog_name("abcdef", 3) == "abc");
    CHECK(syslog_name(" ", 3) == "-");
}
