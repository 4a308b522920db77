// Events over a stream whose protocol has no acknowledgement (syslog over TCP and TLS, lines over a
// Unix socket).
//
// What the receiver's system has taken may still be lost with the receiver. So an event counts as
// arrived only when much more was taken after it, or when the connection stood well for some
// seconds more, or was closed in good order; what a connection that broke had carried before that
// is sent again.
#pragma once

#include "report/sinks/stream.h"

namespace umbratap::report {

class StreamCarrier : public Carrier {
public:
    explicit StreamCarrier(Stream stream) : stream_(std::move(stream)) {}

    Outcome carry(Window& window, const Patience& patience) noexcept override;
    void close(Window& window, const Patience& patience) noexcept override;

protected:
    /// Appends the event as it goes over the wire.
    virtual void frame(const Parcel& parcel, std::string& out) const = 0;

private:
    Outcome broken(std::string trouble) noexcept;
    void gather(Window& window);
    void look_back(Window& window) noexcept;

    Stream stream_;
    std::string outgoing_;        // frames, the first perhaps sent in part
    std::uint64_t framed_ = 0;    // bytes of this connection, sent or in `outgoing_`
    std::uint64_t safe_ = 0;      // of these, what has certainly arrived
    std::uint64_t settling_ = 0;  // what had been taken at `settling_since_`
    Patience::Clock::time_point settling_since_, moved_;
};

}  // namespace umbratap::report
