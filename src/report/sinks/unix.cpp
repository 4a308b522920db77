// A Unix socket: lines over a stream, or one datagram an event, as the socket that is there wants
// it.
#include <sys/socket.h>
#include <sys/un.h>

#include "report/network_sink.h"
#include "report/sinks/datagram_carrier.h"
#include "report/sinks/sinks.h"
#include "report/sinks/stream_carrier.h"

namespace umbratap::report {

namespace {

void append_line(const Parcel& parcel, std::string& out) {
    out += parcel.event().line;
    out += '\n';
}

class Lines final : public StreamCarrier {
public:
    using StreamCarrier::StreamCarrier;
    std::string_view kind() const noexcept override { return "unix"; }

private:
    void frame(const Parcel& parcel, std::string& out) const override { append_line(parcel, out); }
};

class Datagrams final : public DatagramCarrier {
public:
    using DatagramCarrier::DatagramCarrier;
    std::string_view kind() const noexcept override { return "unix"; }

private:
    void frame(const Parcel& parcel, std::string& out) const override { append_line(parcel, out); }
};

/// Of either type: which one is known once somebody listens.
class UnixCarrier final : public Carrier {
public:
    explicit UnixCarrier(const std::string& path) : endpoint_{{}, {}, path} {}

    Outcome carry(Window& window, const Patience& patience) noexcept override {
        if (!carrier_ && window.empty()) return {};
        if (!carrier_) {
            std::string trouble;
            if (connect_socket(endpoint_, SOCK_DGRAM, patience, trouble)) {
                carrier_ = std::make_unique<Datagrams>(endpoint_);
            } else {
                carrier_ = std::make_unique<Lines>(Stream(endpoint_, nullptr, {}));
            }
        }
        Outcome outcome = carrier_->carry(window, patience);
        if (outcome.broken) carrier_.reset();
        return outcome;
    }
    void close(Window& window, const Patience& patience) noexcept override {
        if (carrier_) carrier_->close(window, patience);
    }
    std::string_view kind() const noexcept override { return "unix"; }

private:
    Endpoint endpoint_;
    std::unique_ptr<Carrier> carrier_;
};

}  // namespace

std::unique_ptr<Sink> open_unix(const Output& output, const Sender&) {
    const std::string path = output.to.substr(std::string_view("unix:").size());
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path))
        throw SinkError("output " + output.to + ": expected unix:PATH, of at most 107 bytes");
    return std::make_unique<NetworkSink>(output, std::make_unique<UnixCarrier>(path));
}

}  // namespace umbratap::report
