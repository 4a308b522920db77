// Touching a page of a mapped file that the file no longer has raises SIGBUS, in whatever thread
// reads the frame. No check beforehand can prevent it: the file may be cut between check and use.
// Hence a handler puts a page of zeros where the missing one was, and the reader, who asks for the
// file's size after each batch, ends the input there. The handler looks at a small table of atomics
// only; a fault elsewhere goes to whoever handled the signal before.
#include "capture/mapped_file.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <utility>

namespace umbratap::capture {

namespace {

constexpr std::size_t give_back_bytes = 4U << 20;
constexpr std::size_t readable_behind = 64;
constexpr std::size_t guards_max = 16;

struct Guard {
    std::atomic<std::uintptr_t> begin{0};  // 0: free; 1: being written
    std::atomic<std::uintptr_t> end{0};
};

std::array<Guard, guards_max> guards;
struct sigaction action_before;

std::size_t page_bytes() {
    static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

std::size_t page_bytes_cached = 4096;  // for the handler

void put_zeros(int signal, siginfo_t* what, void* context) {
    const auto address = reinterpret_cast<std::uintptr_t>(what->si_addr);
    for (const Guard& guard : guards) {
        const std::uintptr_t begin = guard.begin.load(std::memory_order_acquire);
        if (begin <= 1 || address < begin || address >= guard.end.load(std::memory_order_acquire)) {
            continue;
        }
        void* page = reinterpret_cast<void*>(address / page_bytes_cached * page_bytes_cached);
        if (mmap(page, page_bytes_cached, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0) == page) {
            return;
        }
    }
    if ((action_before.sa_flags & SA_SIGINFO) != 0) {
        action_before.sa_sigaction(signal, what, context);
    } else if (action_before.sa_handler != SIG_DFL && action_before.sa_handler != SIG_IGN) {
        action_before.sa_handler(signal);
    } else {
        ::signal(signal, SIG_DFL);  // the fault is met again on return, and ends the program
    }
}

void install_handler() {
    static std::once_flag once;
    std::call_once(once, [] {
        page_bytes_cached = page_bytes();
        struct sigaction action {};
        action.sa_sigaction = put_zeros;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        sigaction(SIGBUS, &action, &action_before);
    });
}

/// The row of the table that now stands for these pages; -1 where none is free.
int add_guard(const std::uint8_t* memory, std::size_t size) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    for (std::size_t i = 0; i < guards.size(); ++i) {
        std::uintptr_t expected = 0;
        if (!guards[i].begin.compare_exchange_strong(expected, 1)) continue;
        guards[i].end.store(begin + size);
        guards[i].begin.store(begin);
        return static_cast<int>(i);
    }
    return -1;
}

}  // namespace

std::optional<MappedFile> MappedFile::map(int descriptor, std::uint64_t size) {
    install_handler();
    const std::size_t page = page_bytes();
    const std::size_t pages_size = (size + page - 1) / page * page;
    const std::size_t reserved = (size + readable_behind + page - 1) / page * page;
    void* memory = mmap(nullptr, reserved, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return std::nullopt;
    MappedFile file;
    file.memory_ = static_cast<std::uint8_t*>(memory);
    file.reserved_ = reserved;
    if (mmap(memory, pages_size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
        return std::nullopt;
    }
    file.guard_ = add_guard(file.memory_, pages_size);
    file.descriptor_ = dup(descriptor);
    if (file.guard_ < 0 || file.descriptor_ < 0) return std::nullopt;
    file.size_ = size;
    madvise(memory, pages_size, MADV_SEQUENTIAL);
    return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept {
    swap(other);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    MappedFile(std::move(other)).swap(*this);
    return *this;
}

MappedFile::~MappedFile() {
    if (memory_ != nullptr) munmap(memory_, reserved_);
    if (guard_ >= 0) guards[static_cast<std::size_t>(guard_)].begin.store(0);
    if (descriptor_ >= 0) close(descriptor_);
}

void MappedFile::swap(MappedFile& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(reserved_, other.reserved_);
    std::swap(position_, other.position_);
    std::swap(given_back_, other.given_back_);
    std::swap(guard_, other.guard_);
}

void MappedFile::drop(std::size_t count) noexcept {
    position_ += count;
    if (position_ - given_back_ < give_back_bytes) return;
    // Frames of the batch in hand may still point here. That is sound: pages come back by
    // themselves when touched, if more slowly.
    const std::size_t until = position_ / page_bytes() * page_bytes();
    madvise(memory_ + given_back_, until - given_back_, MADV_DONTNEED);
    given_back_ = until;
}

const std::uint8_t* MappedFile::end_now() const noexcept {
    struct stat now {};
    std::size_t size = size_;
    if (fstat(descriptor_, &now) == 0 && now.st_size >= 0) {
        size = std::min(size, static_cast<std::size_t>(now.st_size));
    }
    return memory_ + size;
}

}  // namespace umbratap::capture
