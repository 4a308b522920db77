// The lines of a key log.
#include "capture/key_log_lines.h"

#include <cstring>

namespace umbratap::capture {

void KeyLogLines::push(Bytes data, std::string& out) {
    while (!data.empty()) {
        const void* found = std::memchr(data.data(), '\n', data.size());
        const std::size_t size =
            found == nullptr
                ? data.size()
                : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - data.data());
        if (!skipping_ && unfinished_.size() + size > line_bytes_max) {
            forget();
            skipping_ = true;
            ++too_long_;
        }
        if (!skipping_) unfinished_.append(as_text(data.first(size)));
        if (found == nullptr) return;
        if (!skipping_) {
            out.append(unfinished_).push_back('\n');
            ++lines_;
        }
        forget();
        data = data.subspan(size + 1);
    }
}

void KeyLogLines::forget() noexcept {
    explicit_bzero(unfinished_.data(), unfinished_.size());
    unfinished_.clear();
    skipping_ = false;
}

}  // namespace umbratap::capture
