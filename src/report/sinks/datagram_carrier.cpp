// Events as datagrams.
#include "report/sinks/datagram_carrier.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace umbratap::report {

Carrier::Outcome DatagramCarrier::carry(Window& window, const Patience& patience) noexcept {
    if (window.empty()) return {};
    std::string trouble;
    if (!socket_) socket_ = connect_socket(endpoint_, SOCK_DGRAM, patience, trouble);
    if (!socket_) return {std::move(trouble), true};
    for (Parcel& parcel : window) {
        if (parcel.settled()) continue;
        datagram_.clear();
        frame(parcel, datagram_);
        if (send(socket_.number(), datagram_.data(), datagram_.size(), MSG_NOSIGNAL) >= 0) {
            parcel.state = Parcel::State::arrived;
        } else if (errno == EMSGSIZE) {
            parcel.state = Parcel::State::refused;
            trouble = "an event is too long for a datagram; TCP carries it";
        } else if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) {
            pollfd ready{socket_.number(), POLLOUT, 0};
            poll(&ready, 1, patience.slice());
            break;
        } else {
            trouble = std::strerror(errno);
            socket_ = Descriptor();
            return {std::move(trouble), true};
        }
    }
    return {std::move(trouble), false};
}

}  // namespace umbratap::report
