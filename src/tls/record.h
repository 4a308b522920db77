// TLS records, cut out of the bytes of one direction (RFC 8446, 5.1; RFC 5246, 6.2).
//
//     type 1 | version 2 | length 2 | body
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/problem.h"
#include "tls/workspace.h"

namespace umbratap::tls {

namespace record_type {
inline constexpr std::uint8_t change_cipher_spec = 20, alert = 21, handshake = 22,
                              application_data = 23, heartbeat = 24;
}

inline constexpr std::size_t record_header_bytes = 5;
/// The longest body: RFC 5246, 6.2.3. TLS 1.3 allows less, and its receivers refuse more.
inline constexpr std::size_t record_body_bytes_max = 16384 + 2048;

struct Record {
    Bytes bytes;  ///< header and body

    std::uint8_t type() const noexcept { return bytes[0]; }
    std::uint16_t version() const noexcept { return big_endian_16(&bytes[1]); }
    Bytes header() const noexcept { return bytes.first(record_header_bytes); }
    Bytes body() const noexcept { return bytes.subspan(record_header_bytes); }
};

/// True if `start` can be the beginning of a record of any version. Five bytes decide.
bool can_be_record(Bytes start) noexcept;

/// Cuts the bytes of one direction into records. A record that lies whole in what is pushed is not
/// copied.
class RecordCutter {
public:
    explicit RecordCutter(Budget& budget) noexcept : kept_(budget) {}

    enum class Result : std::uint8_t {
        record,        ///< `record` is whole; it lives until the next call, as long as `data` does
        needs_more,    ///< what was there is kept
        not_a_record,  ///< the bytes in front are no record header; nothing was taken
        no_memory,     ///< nothing was taken
    };
    /// Takes the next record from what is kept and the front of `data`.
    Result next(Bytes& data, Record& record, Workspace& workspace) noexcept;

    /// True if the last record lies in what is kept: now it counts as kept again. Else it lies
    /// before `data`.
    bool put_back() noexcept;
    /// Keeps all of `data`: more of a record that is not whole. False if there is no memory.
    bool keep_rest(Bytes data, Workspace& workspace) noexcept {
        return keep(data, kept_.size() + data.size(), workspace);
    }
    /// Bytes of a record that is not whole yet.
    Bytes kept() const noexcept { return record_in_kept_ ? Bytes() : kept_.bytes(); }
    /// Moves them into `empty`.
    void move_kept_to(Buffer& empty, Workspace& workspace) noexcept;
    void clear() noexcept;

private:
    bool keep(Bytes& data, std::size_t wanted, Workspace& workspace) noexcept;
    void forget_record(Workspace& workspace) noexcept;

    Buffer kept_;
    bool record_in_kept_ = false;  // the last record handed out lies there
};

}  // namespace umbratap::tls
