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
constexpr std::uint64_t tables_free = 16;
constexpr std::uint64_t bytes_per_table = 32 * 1024;  // that pay for one more

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

/// A block that fills a table of `table_bytes_max` with unknown entries.
std::vector<std::uint8_t> filling_block() {
    constexpr std::uint32_t entry_bytes =
        entry_overhead + static_cast<std::uint32_t>(HpackDecoder::unknown_name.size());
    std::vector<std::uint8_t> block = {0x3f, 0xe1, 0xff, 0x03};  // size update to 65536
    static_assert(HpackDecoder::table_bytes_max == 0x10000);
    for (std::uint32_t i = 0; i < HpackDecoder::table_bytes_max / entry_bytes; ++i) {
        block.insert(block.end(),
                     {0x40, 1,  // a new name of one byte, to be added to the table
                      static_cast<std::uint8_t>(HpackDecoder::unknown_name.front()), 0});
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
                lose();
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
        inflater_.reset();
        known_ = false;
    }

private:
    Problem make_table() noexcept {
        // Whoever makes us fill tables pays with bytes, and leaves memory to others.
        if (!known_ && (tables_ >= tables_free + stream_bytes_ / bytes_per_table ||
                        budget_->used() > budget_->bytes_max() / 2))
            return Problem{"http2.field_table_given_up"};
        nghttp2_hd_inflater* made = nullptr;
        if (nghttp2_hd_inflate_new2(&made, &memory_) != 0)
            return Problem{"http2.field_table_given_up"};
        inflater_.reset(made);
        nghttp2_hd_inflate_change_table_size(made, table_bytes_max);
        if (known_) return no_problem;
        ++tables_;
        static const std::vector<std::uint8_t> filling = filling_block();
        return inflate(filling, true, nullptr) ? Problem{"http2.field_table_given_up"} : no_problem;
    }

    /// An entry that does not fit empties the table of the sender (RFC 7541, 4.4), and may not do
    /// so with ours if its size is not known: nothing is certain then.
    Problem check_size(std::size_t field_bytes) noexcept {
        if (known_ || field_bytes + entry_overhead <= table_bytes_usual) return no_problem;
        lose();
        return make_table();
    }

    Budget* budget_;
    nghttp2_mem memory_;
    std::unique_ptr<nghttp2_hd_inflater, Release> inflater_;
    bool known_ = true;
    std::uint64_t tables_ = 0;  // filled so far
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
