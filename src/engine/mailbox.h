// What all workers of a live run are told, at once, by the thread that rules them. Where there is
// nothing to hear, looking costs one load.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/book.h"
#include "engine/dealing.h"

namespace umbratap::engine {

class Mailbox {
public:
    struct Mail {
        std::shared_ptr<const SecretText> secrets;
        BookPointer book;
    };
    void put(Mail mail) {
        const std::lock_guard lock(mutex_);
        mails_.push_back(std::move(mail));
        full_.store(true, std::memory_order_release);
    }
    std::vector<Mail> take() {
        if (!full_.load(std::memory_order_acquire)) return {};
        const std::lock_guard lock(mutex_);
        full_.store(false, std::memory_order_relaxed);
        return std::exchange(mails_, {});
    }

private:
    std::mutex mutex_;
    std::vector<Mail> mails_;
    std::atomic<bool> full_ = false;
};

}  // namespace umbratap::engine
