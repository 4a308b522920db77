// WebSocket messages of one direction after the upgrade (RFC 6455), with permessage-deflate
// (RFC 7692).
//
// What breaks the rules but can still be read is read, and told: frames that are masked in the
// wrong direction, reserved bits, control frames that are too long. Frames of unknown meaning are
// passed over by their length.
#pragma once

#include <cstdint>
#include <memory>

#include "base/batch.h"
#include "base/buffer.h"
#include "base/problem.h"
#include "http/items.h"
#include "http/websocket_extensions.h"

namespace umbratap::http {

class WebSocketReader {
public:
    WebSocketReader(const WebSocketExtensions& extensions, std::uint32_t text_bytes_max,
                    std::uint64_t inflated_bytes_max, Budget& budget);
    ~WebSocketReader();
    WebSocketReader(WebSocketReader&&) noexcept;
    WebSocketReader& operator=(WebSocketReader&&) noexcept;

    /// Takes the next bytes. Appends Texts of kind `websocket_message` (text and binary messages)
    /// whose time, packet number, exchange and direction are those of `where`. Texts live until the
    /// next push that is for another packet (`where.packet_number`; 0 is always another); so must
    /// `data`, which they may point into.
    ///
    /// websocket.unmasked_client_frame, .masked_server_frame, .reserved_bits, .reserved_opcode,
    /// .bad_control_frame, .length_not_minimal, .unexpected_continuation, .interrupted_message:
    /// read on. .length_too_large, .bad_deflate, .inflate_bomb: deaf.
    /// http.text_too_long, http.budget_used_up: the message is handed on in pieces.
    Problem push(Bytes data, const Text& where, Batch<Item>& out) noexcept;

    /// A hole of `missing` bytes. What is there of the message in progress is handed on as damaged.
    /// If the hole lies within the payload of one frame, reading goes on with the next message;
    /// otherwise no frame can be found again for sure, and the reader is deaf.
    void lose(std::uint64_t missing, Batch<Item>& out) noexcept;
    /// A hole of unknown length: the reader is deaf, and the message in progress dropped.
    void lose() noexcept;
    bool deaf() const noexcept;

    /// Inflated bytes per byte received, beyond `inflated_bytes_max`.
    static constexpr std::uint64_t inflate_ratio_max = 256;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace umbratap::http
