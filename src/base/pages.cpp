// Asks the system for pages. Large ones are asked for, not insisted on.
#include "base/pages.h"

#include <sys/mman.h>

#include <cstdlib>

namespace umbratap {

Pages::Pages(std::size_t bytes)
    : memory_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
      bytes_(bytes) {
    if (memory_ == MAP_FAILED) std::abort();
    constexpr std::size_t worth_it = 4 * 1024 * 1024;
    if (bytes_ >= worth_it) (void)madvise(memory_, bytes_, MADV_HUGEPAGE);
}

Pages::~Pages() {
    munmap(memory_, bytes_);
}

}  // namespace umbratap
