// Events that wait for a receiver.
#include "report/backlog.h"

namespace umbratap::report {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds sync_interval{1};

}  // namespace

Backlog::Backlog(std::size_t queue_bytes_max, std::unique_ptr<Spool> spool)
    : queue_(queue_bytes_max),
      spool_(std::move(spool)),
      next_number_(spool_ ? spool_->next_number() : 0) {}

void Backlog::push(const Event& event) {
    bytes_.clear();
    append_event(event, bytes_);
    const unsigned rank = rank_of(event);
    const std::lock_guard lock(mutex_);
    const std::uint64_t number = next_number_++;
    bool kept = false;
    if (spool_) {
        const Spool::Appended appended = spool_->append(rank, number, bytes_);
        disk_error_ = appended.error;
        dropped_ += appended.given_up;
        kept = appended.error == 0;
        unsynced_ = true;
        sync_wanted_ = sync_wanted_ || event.severity != 0;
    }
    if (!kept) dropped_ += queue_.push(rank, number, bytes_);
    woken_ = true;
    changed_.notify_one();
}

// Without the mutex: a slow disk shall not keep the other thread from delivering.
void Backlog::sync(bool now) {
    if (!spool_ || !unsynced_) return;
    if (!now && !sync_wanted_ && Clock::now() - synced_ < sync_interval) return;
    if (const int error = spool_->sync(); error != 0) disk_error_ = error;
    sync_wanted_ = unsynced_ = false;
    synced_ = Clock::now();
}

bool Backlog::take(SpooledEvent& event) {
    const std::lock_guard lock(mutex_);
    std::uint64_t number = 0;
    const bool spooled = spool_ && spool_->peek(number);
    if (!queue_.empty() && (!spooled || queue_.front_number() < number)) {
        event.number = queue_.front_number();
        event.redelivered = false;
        event.bytes = queue_.take().bytes;
        return true;
    }
    return spooled && spool_->take(event);
}

void Backlog::remember_taken() {
    const std::lock_guard lock(mutex_);
    if (spool_) spool_->remember_taken();
}

void Backlog::settle(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    if (spool_) spool_->settle(number);
}

void Backlog::wait(std::chrono::milliseconds time_max) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time_max, [&] { return woken_; });
    woken_ = false;
}

void Backlog::wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
}

std::uint64_t Backlog::bytes() const {
    const std::lock_guard lock(mutex_);
    return queue_.bytes() + (spool_ ? spool_->waiting_bytes() : 0);
}

std::uint64_t Backlog::events_in_memory() const {
    const std::lock_guard lock(mutex_);
    return queue_.events();
}

std::uint64_t Backlog::take_damages() {
    const std::lock_guard lock(mutex_);
    return spool_ ? spool_->take_damages() : 0;
}

}  // namespace umbratap::report
