// Messages between the processes of a live run.
//
// A datagram is the kind, a flag (0: the body follows, 1: it is in the first descriptor), and the
// body if it is short.
#include "engine/post.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace umbratap::engine {

namespace {

constexpr std::size_t datagram_body_max = 32 * 1024;
constexpr std::size_t descriptors_max = 2;
using Control = std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))>;

/// `body` in memory that nobody can change any more.
Descriptor sealed(std::string_view body) noexcept {
    Descriptor memory(memfd_create("umbratap", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    while (memory && !body.empty()) {
        const ssize_t written = ::write(memory.number(), body.data(), body.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return {};
        body.remove_prefix(static_cast<std::size_t>(written));
    }
    if (memory) fcntl(memory.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    return memory;
}

bool read_sealed(int memory, std::string& body) {
    struct stat status {};
    if (fstat(memory, &status) != 0 || status.st_size > static_cast<off_t>(Post::body_bytes_max)) {
        return false;
    }
    body.resize(static_cast<std::size_t>(status.st_size));
    std::size_t size = 0;
    while (size < body.size()) {
        const ssize_t more =
            pread(memory, body.data() + size, body.size() - size, static_cast<off_t>(size));
        if (more < 0 && errno == EINTR) continue;
        if (more <= 0) return false;
        size += static_cast<std::size_t>(more);
    }
    return true;
}

}  // namespace

std::pair<Post, Post> Post::pair() {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        throw std::system_error(errno, std::generic_category(), "socketpair");
    const timeval wait{1, 0};
    for (const int one : sockets) setsockopt(one, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return {Post(Descriptor(sockets[0])), Post(Descriptor(sockets[1]))};
}

bool Post::send(char kind, std::string_view body, int descriptor) noexcept {
    if (gone_) return false;
    std::vector<int> descriptors;
    Descriptor memory;
    if (body.size() > datagram_body_max) {
        memory = sealed(body);
        if (!memory) return false;
        descriptors.push_back(memory.number());
        body = {};
    }
    char head[2] = {kind, static_cast<char>(memory ? 1 : 0)};
    if (descriptor >= 0) descriptors.push_back(descriptor);
    iovec parts[2] = {{head, sizeof head}, {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    alignas(cmsghdr) Control control{};
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
    }
    while (sendmsg(socket_.number(), &message, MSG_NOSIGNAL) < 0) {
        if (errno == EINTR) continue;
        gone_ = errno != EAGAIN && errno != EWOULDBLOCK;
        return false;
    }
    return true;
}

std::optional<Message> Post::receive() {
    std::array<char, datagram_body_max + 2> buffer;
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t size = 0;
    while ((size = recvmsg(socket_.number(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0 &&
           errno == EINTR) {
    }
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {};
    if (size < 2) {
        gone_ = true;
        return {};
    }
    std::vector<Descriptor> descriptors;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0);
             at += sizeof(int)) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(header) + at, sizeof number);
            descriptors.emplace_back(number);
        }
    }
    Message received{buffer[0], {}, {}};
    if (buffer[1] == 0) {
        received.body.assign(buffer.data() + 2, static_cast<std::size_t>(size) - 2);
    } else {
        if (descriptors.empty() || !read_sealed(descriptors.front().number(), received.body)) {
            gone_ = true;
            return {};
        }
        descriptors.erase(descriptors.begin());
    }
    if (!descriptors.empty()) received.descriptor = std::move(descriptors.front());
    explicit_bzero(buffer.data(), static_cast<std::size_t>(size));  // it may have been keys
    return received;
}

}  // namespace umbratap::engine
