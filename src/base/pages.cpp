// Asks the system for pages. Large ones are asked for, not insisted on.
#include "base/pages.h"

#include <sys/mman.h>

#include <cstdlib>

namespace umbratap {

namespace {

#ifdef MADV_COLLAPSE
constexpr int collapse = MADV_COLLAPSE;
#else
constexpr int collapse = 25;  // Linux 6.1
#endif

}  // namespace

Pages::Pages(std::size_t bytes)
    : memory_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      bytes_(bytes) {
    if (memory_ == MAP_FAILED) std::abort();
    (void)madvise(memory_, bytes_, MADV_NOHUGEPAGE);
}

Pages::~Pages() {
    munmap(memory_, bytes_);
}

void Pages::make_large(Filled filled) noexcept {
    constexpr std::size_t worth_it = 4 * 1024 * 1024;
    if (bytes_ < worth_it) return;
    (void)madvise(memory_, bytes_, MADV_HUGEPAGE);
    if (filled == Filled::at_random) (void)madvise(memory_, bytes_, collapse);
}

}  // namespace umbratap
