// Events as datagrams, one each. What the system took is gone: nobody acknowledges it.
#pragma once

#include "report/sinks/stream.h"

namespace umbratap::report {

class DatagramCarrier : public Carrier {
public:
    explicit DatagramCarrier(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

    Outcome carry(Window& window, const Patience& patience) noexcept override;

protected:
    virtual void frame(const Parcel& parcel, std::string& out) const = 0;

private:
    Endpoint endpoint_;
    Descriptor socket_;
    std::string datagram_;
};

}  // namespace umbratap::report
