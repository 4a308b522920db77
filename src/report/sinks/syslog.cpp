// Syslog: RFC 5424 messages over UDP (RFC 5426), TCP with octet counting (RFC 6587), and TLS (RFC
// 5425).
#include <unistd.h>

#include "report/network_sink.h"
#include "report/sinks/datagram_carrier.h"
#include "report/sinks/sinks.h"
#include "report/sinks/stream_carrier.h"
#include "report/sinks/syslog_message.h"

namespace umbratap::report {

namespace {

class SyslogStream final : public StreamCarrier {
public:
    SyslogStream(Stream stream, SyslogNames names)
        : StreamCarrier(std::move(stream)), names_(std::move(names)) {}
    std::string_view kind() const noexcept override { return "syslog"; }

private:
    // RFC 5425, 4.3: the length in octets, a space, the message.
    void frame(const Parcel& parcel, std::string& out) const override {
        std::string message;
        append_syslog_message(names_, parcel, message);
        out += std::to_string(message.size()) + ' ' + message;
    }
    SyslogNames names_;
};

class SyslogDatagrams final : public DatagramCarrier {
public:
    SyslogDatagrams(Endpoint endpoint, SyslogNames names)
        : DatagramCarrier(std::move(endpoint)), names_(std::move(names)) {}
    std::string_view kind() const noexcept override { return "syslog"; }

private:
    void frame(const Parcel& parcel, std::string& out) const override {
        append_syslog_message(names_, parcel, out);
    }
    SyslogNames names_;
};

std::string host_name() {
    char name[256] = {};
    return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

std::unique_ptr<Sink> open_syslog(const Output& output, const Sender& sender) {
    const OutputUrl url = read_output_url(output.to);
    const auto refuse = [&](const char* what) {
        throw SinkError("output " + output.to + ": " + what);
    };
    if (url.host.empty()) refuse("expected syslog://HOST:PORT");
    if (!url.path.empty() && url.path != "/") refuse("expected no path after HOST:PORT");
    const bool tls = url.scheme == "syslog+tls";
    const SyslogNames names{
        output.syslog.facility,
        syslog_name(sender.sensor_id.empty() ? host_name() : sender.sensor_id, 255),
        syslog_name(output.syslog.app_name, 48)};
    const Endpoint endpoint{url.host, !url.port.empty() ? url.port : tls ? "6514" : "514", {}};
    std::unique_ptr<Carrier> carrier;
    if (url.scheme == "syslog") {
        carrier = std::make_unique<SyslogDatagrams>(endpoint, names);
    } else {
        const std::string& name = output.tls.verify_name;
        Stream stream(endpoint, tls ? make_tls_context(output) : nullptr,
                      name.empty() ? url.host : name);
        carrier = std::make_unique<SyslogStream>(std::move(stream), names);
    }
    return std::make_unique<NetworkSink>(output, std::move(carrier));
}

}  // namespace umbratap::report
