// An event as a syslog message (RFC 5424).
#pragma once

#include <string>

#include "report/carrier.h"

namespace umbratap::report {

struct SyslogNames {
    int facility = 16;
    std::string host_name, app_name;
};

/// What is left of `name` for a header: printable ASCII without spaces, of at most `size_max`
/// characters; "-" if that is nothing.
std::string syslog_name(std::string_view name, std::size_t size_max);

/// Appends header, structured data (event id; whether it may have been sent before) and the line.
void append_syslog_message(const SyslogNames& names, const Parcel& parcel, std::string& out);

}  // namespace umbratap::report
