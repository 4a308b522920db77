// Writes HTTP/2 as a client or server does, for tests of this folder: frames by hand, field blocks
// by nghttp2's encoder.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace umbratap::test {

using FieldList = std::vector<std::pair<std::string, std::string>>;

inline const std::string http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum Flag : int {
    none = 0,
    end_stream = 1,
    ack = 1,
    end_headers = 4,
    padded = 8,
    with_priority = 32
};

/// Unlike `+`, it makes its parts in order: what an encoder does depends on it.
inline std::string joined(std::initializer_list<std::string> parts) {
    std::string all;
    for (const std::string& part : parts) all += part;
    return all;
}

inline std::string number(std::uint64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
    return out;
}

inline std::string frame(int type, int flags, std::uint32_t stream,
                         const std::string& payload = {}) {
    return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
           static_cast<char>(flags) + number(stream, 4) + payload;
}

inline std::string data(std::uint32_t stream, const std::string& payload, int flags = none) {
    return frame(0, flags, stream, payload);
}
inline std::string settings(const std::string& payload = {}, int flags = none) {
    return frame(4, flags, 0, payload);
}
inline std::string reset(std::uint32_t stream) {
    return frame(3, none, stream, number(8, 4));
}
inline std::string ping() {
    return frame(6, none, 0, "12345678");
}
inline std::string window_update(std::uint32_t stream) {
    return frame(8, none, stream, number(1000, 4));
}

/// What one end remembers of the fields that it sent.
class FieldEncoder {
public:
    explicit FieldEncoder(std::size_t table_bytes = 4096) {
        if (nghttp2_hd_deflate_new(&deflater_, table_bytes) != 0) std::abort();
    }
    ~FieldEncoder() { nghttp2_hd_deflate_del(deflater_); }
    FieldEncoder(const FieldEncoder&) = delete;

    void change_table_size(std::size_t bytes) {
        nghttp2_hd_deflate_change_table_size(deflater_, bytes);
    }

    std::string block(const FieldList& fields) {
        std::vector<nghttp2_nv> list;
        for (const auto& [name, value] : fields) {
            list.push_back({bytes(name), bytes(value), name.size(), value.size(), 0});
        }
        std::string out(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()), '\0');
        const auto size =
            nghttp2_hd_deflate_hd(deflater_, bytes(out), out.size(), list.data(), list.size());
        out.resize(static_cast<std::size_t>(size));
        return out;
    }

    std::string headers(std::uint32_t stream, const FieldList& fields, int flags = none) {
        return frame(1, end_headers | flags, stream, block(fields));
    }
    std::string request(std::uint32_t stream, const std::string& path, int flags = none,
                        FieldList more = {}) {
        FieldList fields = {{":method", (flags & end_stream) != 0 ? "GET" : "POST"},
                            {":scheme", "http"},
                            {":authority", "h.example"},
                            {":path", path}};
        fields.insert(fields.end(), more.begin(), more.end());
        return headers(stream, fields, flags);
    }
    std::string response(std::uint32_t stream, const std::string& status = "200", int flags = none,
                         FieldList more = {}) {
        FieldList fields = {{":status", status}};
        fields.insert(fields.end(), more.begin(), more.end());
        return headers(stream, fields, flags);
    }

private:
    static std::uint8_t* bytes(const std::string& text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    }

    nghttp2_hd_deflater* deflater_ = nullptr;
};

}  // namespace umbratap::test
