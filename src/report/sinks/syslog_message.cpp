// An event as a syslog message.
#include "report/sinks/syslog_message.h"

namespace umbratap::report {

namespace {

/// RFC 5424, 6.2.1: alerts from critical (2) to notice (5), everything else informational (6).
int syslog_severity(int severity) noexcept {
    return severity == 0 ? 6 : 1 + std::clamp(severity, 1, 4);
}

/// RFC 5424, 6.2.3 wants a colon in the offset.
void append_timestamp(std::string_view timestamp, std::string& out) {
    constexpr std::size_t offset = 26;  // of "+0000"
    if (timestamp.size() != offset + 5) {
        out += '-';
        return;
    }
    out += timestamp.substr(0, offset);
    out += 'Z';
}

}  // namespace

std::string syslog_name(std::string_view name, std::size_t size_max) {
    std::string result;
    for (const char letter : name) {
        if (letter > 32 && letter < 127 && result.size() < size_max) result += letter;
    }
    return result.empty() ? "-" : result;
}

void append_syslog_message(const SyslogNames& names, const Parcel& parcel, std::string& out) {
    const Event event = parcel.event();
    out += '<' + std::to_string(names.facility * 8 + syslog_severity(event.severity)) + ">1 ";
    append_timestamp(event.timestamp, out);
    out += ' ' + names.host_name + ' ' + names.app_name + " - " + syslog_name(event.type, 32);
    // 32473 is the enterprise number of examples (RFC 5612): we have none of our own.
    out += " [umbratap@32473 eventId=\"";
    for (const char letter : event.id) {
        if (letter == '"' || letter == '\\' || letter == ']') out += '\\';
        out += letter;
    }
    out += parcel.redelivered ? "\" redelivered=\"true\"] " : "\"] ";
    out += event.line;
}

}  // namespace umbratap::report
