// The kinds of sinks; output.cpp has the table. Each throws SinkError where it cannot be opened or
// is described in a way that makes no sense.
#pragma once

#include <memory>
#include <stdexcept>

#include "report/output.h"

namespace umbratap::report {

/// The functions of a library that outputs of one kind need (base/library.h), opened by the first.
template <class Functions>
const Functions& opened_for(const Output& output) {
    try {
        return Functions::get();
    } catch (const std::runtime_error& error) {
        throw SinkError("output " + output.to + ": " + error.what());
    }
}

/// A file, or standard output for "-".
std::unique_ptr<Sink> open_file(const Output& output, const Sender& sender);

/// unix:PATH, lines over a stream, or a datagram an event.
std::unique_ptr<Sink> open_unix(const Output& output, const Sender& sender);

/// syslog://, syslog+tcp://, syslog+tls://
std::unique_ptr<Sink> open_syslog(const Output& output, const Sender& sender);

/// https://, http://
std::unique_ptr<Sink> open_http(const Output& output, const Sender& sender);

/// kafka://
std::unique_ptr<Sink> open_kafka(const Output& output, const Sender& sender);

}  // namespace umbratap::report
