// A sink whose receiver may be down, slow or hostile.
#include "report/network_sink.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <random>

#include "report/text.h"

namespace umbratap::report {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds trouble_pause{60}, any_trouble_pause{10};
constexpr std::chrono::milliseconds idle_wait{500};
constexpr int trouble_columns_max = 400;  // some of it may be a receiver's words

std::unique_ptr<Spool> open_spool(const Output::Spool& spool) {
    if (spool.directory.empty()) return nullptr;
    return std::make_unique<Spool>(spool.directory, spool.bytes_max);
}

}  // namespace

NetworkSink::NetworkSink(const Output& output, std::unique_ptr<Carrier> carrier,
                         NetworkLimits limits)
    : name_("output " + output.to),
      format_(output.format),
      limits_(limits),
      backlog_(output.queue_bytes_max, open_spool(output.spool)),
      carrier_(std::move(carrier)),
      pause_(limits.pause_min),
      thread_([this] { run(); }) {}

NetworkSink::~NetworkSink() {
    finish(Clock::now());
}

// Some schemas make several lines of one event: each is sent on its own, under an id of its own.
void NetworkSink::write(const Event& event) noexcept {
    rendered_.clear();
    if (!render(format_, event.line, rendered_)) ++unrendered_;
    std::string_view rest = rendered_;
    for (int number = 0; !rest.empty(); ++number) {
        Event one = event;
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        one.line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (number > 0) {
            id_ = std::string(event.id) + '-' + std::to_string(number);
            one.id = id_;
        }
        backlog_.push(one);
    }
}

void NetworkSink::flush(bool sync) noexcept {
    backlog_.sync(sync);
    check_disk();
}

void NetworkSink::check_disk() {
    const int error = backlog_.disk_error();
    const auto now = Clock::now();
    if (error == told_disk_error_ && (error == 0 || now - told_disk_ < trouble_pause)) return;
    told_disk_error_ = error;
    told_disk_ = now;
    const std::lock_guard lock(trouble_mutex_);
    trouble_ = error == 0 ? name_ + ": the spool is written again"
                          : name_ + ": spool: " + std::strerror(error) +
                                "; events wait in memory until that ends";
}

void NetworkSink::begin_finish(Clock::time_point deadline) noexcept {
    backlog_.sync(true);
    patience_.end_at(deadline);
    finishing_ = true;
    backlog_.wake();
}

void NetworkSink::finish(Clock::time_point deadline) noexcept {
    if (!thread_.joinable()) return;
    begin_finish(deadline);
    thread_.join();
}

SinkCounts NetworkSink::counts() const noexcept {
    return {arrived_, backlog_.dropped() + lost_ + refused_ + unrendered_,
            backlog_.bytes() + window_bytes_, refused_};
}

std::string NetworkSink::take_trouble() {
    const std::lock_guard lock(trouble_mutex_);
    return std::exchange(trouble_, {});
}

void NetworkSink::run() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);  // they are for the thread that waits for them
    while (!patience_.over()) {
        refill();
        if (finishing_ && !has_waiting()) {
            carrier_->close(window_, patience_);
            settle();
            if (window_.empty()) break;
            send_again();
        }
        const Carrier::Outcome outcome = carrier_->carry(window_, patience_);
        settle();
        tell(outcome.trouble);
        if (outcome.broken) {
            send_again();
            pause();
        } else if (window_.empty()) {
            backlog_.wait(idle_wait);
        }
    }
    end();
}

bool NetworkSink::has_waiting() const noexcept {
    return std::any_of(window_.begin(), window_.end(),
                       [](const Parcel& parcel) { return parcel.state == Parcel::State::waiting; });
}

void NetworkSink::send_again() noexcept {
    for (Parcel& parcel : window_) {
        if (parcel.state != Parcel::State::sent) continue;
        parcel.state = Parcel::State::waiting;
        parcel.redelivered = true;
    }
}

void NetworkSink::refill() {
    SpooledEvent event;
    while (window_.size() < limits_.window_events_max && window_bytes_ < limits_.window_bytes_max &&
           backlog_.take(event)) {
        window_bytes_ += event.bytes.size();
        window_.push_back(
            {event.number, Parcel::State::waiting, event.redelivered, std::move(event.bytes)});
    }
    backlog_.remember_taken();
    if (const std::uint64_t damages = backlog_.take_damages(); damages > 0) {
        lost_ += damages;
        tell("the spool was damaged in " + std::to_string(damages) + " places");
    }
}

/// Only the front may go: what is behind an event that did not arrive may have to be sent again.
void NetworkSink::settle() {
    if (window_.empty() || !window_.front().settled()) return;
    std::uint64_t number = 0;
    while (!window_.empty() && window_.front().settled()) {
        const Parcel& parcel = window_.front();
        ++(parcel.state == Parcel::State::arrived ? arrived_ : refused_);
        number = parcel.number + 1;
        window_bytes_ -= parcel.bytes.size();
        window_.pop_front();
    }
    backlog_.settle(number);
    pause_ = limits_.pause_min;
}

/// Half of it at random, so that many sensors do not come back to a receiver at once.
void NetworkSink::pause() {
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto half = pause_.count() / 2;
    const auto until =
        Clock::now() + std::chrono::milliseconds(
                           half + std::uniform_int_distribution<std::int64_t>(0, half)(random));
    while (Clock::now() < until && !patience_.over()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        std::this_thread::sleep_for(std::min(left, std::chrono::milliseconds(50)));
    }
    pause_ = std::min(pause_ * 2, finishing_ ? limits_.pause_min : limits_.pause_max);
}

// What did not arrive stays in the spool, or is lost with this process.
void NetworkSink::end() noexcept {
    std::uint64_t left = 0;
    for (const Parcel& parcel : window_) left += parcel.settled() ? 0 : 1;
    lost_ += backlog_.has_spool() ? 0 : left;
    lost_ += backlog_.events_in_memory();
    if (left > 0) {
        told_.clear();  // whatever was said just before
        tell(backlog_.has_spool() ? "not everything arrived; the rest stays in the spool"
                                  : "not everything arrived; the rest is lost");
    }
}

/// The same trouble once a minute, and no more than a line in some seconds whatever happens.
void NetworkSink::tell(const std::string& trouble) {
    if (trouble.empty()) return;
    const auto now = Clock::now();
    if (!told_.empty() && now - told_at_ < (trouble == told_ ? trouble_pause : any_trouble_pause))
        return;
    told_ = trouble;
    told_at_ = now;
    const std::lock_guard lock(trouble_mutex_);
    trouble_ = name_ + ": " + terminal_text(trouble, trouble_columns_max);
}

}  // namespace umbratap::report
