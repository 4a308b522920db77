// Field blocks, decoded by nghttp2's inflater: the only place that names nghttp2.
//
// The size of the table is what the sender says in its blocks; SETTINGS only allow it (RFC 7541,
// 4.2), and a sensor need not check that.
#include "http/http2_hpack.h"

#include <nghttp2/nghttp2.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "http/http2_head.h"

namespace umbratap::http {

namespace {

constexpr std::uint32_t entry_overhead = 32;       // RFC 7541, 4.1
constexpr std::uint32_t table_bytes_usual = 4096;  // RFC 9113, 6.5.2
constexpr std::uint64_t filled_free_bytes = 512 * 1024;
constexpr std::uint64_t bytes_per_filled_byte = 2;  // of the stream, that pay for more

/// nghttp2's memory, charged to the budget. Each block is preceded by its size.
struct Memory {
    static constexpr std::size_t head_bytes = alignof(std::max_align_t);

    static void* allocate(std::size_t size, void* user) {
        auto& budget = *static_cast<Budget*>(user);
        if (size > PTRDIFF_MAX - head_bytes || !budget.take(size + head_bytes)) return nullptr;
        auto* at = static_cast<std::uint8_t*>(std::malloc(size + head_bytes));
        if (at == nullptr) {
            budget.give_back(size + head_bytes);
            return nullptr;
        }
        std::memcpy(at, &size, sizeof size);
        return at + head_bytes;
    }
    static std::size_t size_of(const void* block) {
        std::size_t size = 0;
        std::memcpy(&size, static_cast<const std::uint8_t*>(block) - head_bytes, sizeof size);
        return size;
    }
    static void release(void* block, void* user) {
        if (block == nullptr) return;
        static_cast<Budget*>(user)->give_back(size_of(block) + head_bytes);
        std::free(static_cast<std::uint8_t*>(block) - head_bytes);
    }
    static void* allocate_zeroed(std::size_t count, std::size_t size, void* user) {
        if (size != 0 && count > PTRDIFF_MAX / size) return nullptr;
        void* block = allocate(count * size, user);
        if (block != nullptr) std::memset(block, 0, count * size);
        return block;
    }
    static void* reallocate(void* block, std::size_t size, void* user) {
        void* larger = allocate(size, user);
        if (larger == nullptr || block == nullptr) return larger;
        std::memcpy(larger, block, std::min(size, size_of(block)));
        release(block, user);
        return larger;
    }
};

/// A block that sets the size of the table and fills it with unknown entries.
std::vector<std::uint8_t> filling_block(std::uint32_t table_bytes) {
    constexpr std::string_view name = HpackDecoder::unknown_name;
    std::vector<std::uint8_t> block;
    const auto integer = [&](std::uint8_t pattern, std::uint32_t most, std::uint32_t value) {
        if (value < most) return block.push_back(static_cast<std::uint8_t>(pattern | value));
        block.push_back(static_cast<std::uint8_t>(pattern | most));
        for (value -= most; value >= 0x80; value >>= 7)
            block.push_back(static_cast<std::uint8_t>(0x80 | (value & 0x7f)));
        block.push_back(static_cast<std::uint8_t>(value));
    };
    integer(0x20, 31, table_bytes);  // RFC 7541, 6.3
    const std::uint32_t entries =
        table_bytes / (entry_overhead + static_cast<std::uint32_t>(name.size()));
    for (std::uint32_t i = 0; i < entries; ++i) {  // RFC 7541, 6.2.1: no value
        block.insert(block.end(), {0x40, 1, static_cast<std::uint8_t>(name.front()), 0});
    }
    return block;
}

struct Release {
    void operator()(nghttp2_hd_inflater* inflater) const noexcept {
        nghttp2_hd_inflate_del(inflater);
    }
};

std::string_view text(const std::uint8_t* at, std::size_t length) noexcept {
    return {reinterpret_cast<const char*>(at), length};
}

}  // namespace

class HpackDecoder::State {
public:
    explicit State(Budget& budget) noexcept
        : budget_(&budget),
          memory_{&budget, Memory::allocate, Memory::release, Memory::allocate_zeroed,
                  Memory::reallocate} {}

    Problem begin_block(std::uint64_t stream_bytes) noexcept {
        stream_bytes_ = stream_bytes;
        return inflater_ ? no_problem : make_table();
    }

    /// `out` is null while the table is filled.
    Problem inflate(Bytes in, bool last, Http2Fields* out) noexcept {
        while (inflater_) {
            nghttp2_nv field;
            int flags = 0;
            const auto taken = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, in.data(),
                                                      in.size(), last ? 1 : 0);
            if (taken < 0) {
                // What is missing may lie beyond the size that was assumed.
                const bool filled = !known_;
                lose();
                if (filled) table_bytes_ = table_bytes_max;
                return Problem{"http2.bad_field_block"};
            }
            in = in.subspan(static_cast<std::size_t>(taken));
            const bool emitted = (flags & NGHTTP2_HD_INFLATE_EMIT) != 0;
            if (emitted && out != nullptr) {
                out->add(text(field.name, field.namelen), text(field.value, field.valuelen));
                if (const Problem problem = check_size(field.namelen + field.valuelen))
                    return problem;
            }
            if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
                nghttp2_hd_inflate_end_headers(inflater_.get());
                break;
            }
            if (!emitted && in.empty()) break;
        }
        return no_problem;
    }

    void lose() noexcept {
        if (inflater_) {
            table_bytes_ = static_cast<std::uint32_t>(
                nghttp2_hd_inflate_get_max_dynamic_table_size(inflater_.get()));
        }
        inflater_.reset();
        known_ = false;
    }

private:
    Problem make_table() noexcept {
        constexpr Problem given_up{"http2.field_table_given_up"};
        // Whoever makes us fill tables pays with bytes, and leaves memory to others.
        if (!known_ && (filled_bytes_ + table_bytes_ >
                            filled_free_bytes + stream_bytes_ / bytes_per_filled_byte ||
                        budget_->used() > budget_->bytes_max() / 2))
            return given_up;
        nghttp2_hd_inflater* made = nullptr;
        if (nghttp2_hd_inflate_new2(&made, &memory_) != 0) return given_up;
        inflater_.reset(made);
        nghttp2_hd_inflate_change_table_size(made, table_bytes_max);
        if (known_) return no_problem;
        filled_bytes_ += table_bytes_;
        return inflate(filling_block(table_bytes_), true, nullptr) ? given_up : no_problem;
    }

    /// An entry that does not fit empties the table of the sender (RFC 7541, 4.4). If ours is
    /// larger, it does not, and nothing is certain any more.
    Problem check_size(std::size_t field_bytes) noexcept {
        if (known_ || field_bytes + entry_overhead <= table_bytes_usual) return no_problem;
        lose();
        return make_table();
    }

    Budget* budget_;
    nghttp2_mem memory_;
    std::unique_ptr<nghttp2_hd_inflater, Release> inflater_;
    bool known_ = true;
    std::uint32_t table_bytes_ = table_bytes_usual;  // of the sender, as far as is known
    std::uint64_t filled_bytes_ = 0;                 // so far, in all tables
    std::uint64_t stream_bytes_ = 0;
};

HpackDecoder::HpackDecoder(Budget& budget) noexcept : state_(std::make_unique<State>(budget)) {}
HpackDecoder::~HpackDecoder() = default;
HpackDecoder::HpackDecoder(HpackDecoder&&) noexcept = default;
HpackDecoder& HpackDecoder::operator=(HpackDecoder&&) noexcept = default;

Problem HpackDecoder::begin_block(std::uint64_t stream_bytes) noexcept {
    return state_->begin_block(stream_bytes);
}
Problem HpackDecoder::push(Bytes part, Http2Fields& out) noexcept {
    return state_->inflate(part, false, &out);
}
Problem HpackDecoder::end_block() noexcept {
    return state_->inflate({}, true, nullptr);
}
void HpackDecoder::lose() noexcept {
    state_->lose();
}

}  // namespace umbratap::http
