// Who does the work in a live run.
#include "engine/live_crew.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "engine/dealing.h"
#include "engine/live_reading.h"
#include "engine/mailbox.h"
#include "engine/ring.h"
#include "engine/workplace.h"

namespace umbratap::engine {

namespace {

constexpr std::uint32_t parcels_waiting_max = 64;
constexpr std::uint32_t harvests_waiting_max = 64;
constexpr std::size_t packets_ahead = 32;  // fetched into the cache before they are walked

/// How long a frame may be on its way to us: what is older than that will not come. The kernel
/// keeps frames in a block for a tenth of a second.
constexpr Duration idle_lag = std::chrono::milliseconds(300);
constexpr Duration step_back_min = std::chrono::seconds(10);

/// Where there is no such CPU the thread stays where it likes.
void pin(std::thread& thread, unsigned cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    pthread_setaffinity_np(thread.native_handle(), sizeof set, &set);
}

/// What the reader gives a worker of one batch of frames.
struct Parcel {
    std::vector<Placed> packets;
    PacketCopies copies;
    Time now;  // packet time behind the last packet of the batch, whoever got it
    bool last = false;
};

/// What a worker saw in one batch.
struct Harvest {
    struct Entry {
        Time time;  // the worker's clock when it was seen
        inventory::Sighting sighting;
    };
    std::vector<Entry> entries;
    Time until;                      // nothing older comes from this worker
    bool set_back = false;           // but `until` is older than before
    std::unique_ptr<Counts> counts;  // once a second and at the end
    bool last = false;
};

}  // namespace

struct LiveCrew::State {
    struct Worker : Workplace {
        using Workplace::Workplace;

        PacketClock clock{step_back_min};
        Mailbox mailbox;
        Reading* reading = nullptr;  // its own source
        Ring<std::unique_ptr<Parcel>> parcels{parcels_waiting_max};
        Ring<std::unique_ptr<Harvest>> harvests{harvests_waiting_max};
        std::unique_ptr<Harvest> harvest;
        Batch<inventory::Sighting> sightings;
        Batch<std::uint64_t> last_seen;
        std::thread thread;

        // The reporting thread's.
        std::deque<Harvest::Entry> waiting;
        Time until{Duration::min()};
        Counts latest;
        bool ended = false;
    };

    Reporter& reporter;
    std::vector<std::unique_ptr<Reading>> readings;
    std::vector<std::unique_ptr<Worker>> workers;
    Mailbox reporter_mailbox;
    std::thread reader, reporting;
    std::atomic<std::uint32_t> arrivals = 0;  // of harvests
    std::atomic<bool> stop_wanted = false;
    std::atomic<unsigned> sources_ended = 0;

    mutable std::mutex sum_mutex;
    Counts sum;            // as of the last second
    Counts reader_counts;  // what the reader knows, where there is one
    Time last_time{};
    std::vector<capture::Notice> troubles;  // of outputs

    const std::vector<unsigned>& cpus;

    State(const Options& options, Reporter& r) : reporter(r), cpus(options.cpus) {}

    bool dealt() const { return readings.size() < workers.size(); }

    void start() {
        for (std::size_t w = 0; w < workers.size(); ++w) {
            const auto& worker = workers[w];
            worker->thread = std::thread([this, &one = *worker] {
                if (one.reading != nullptr) {
                    work_on_source(one);
                } else {
                    work_on_parcels(one);
                }
            });
            if (!cpus.empty()) pin(worker->thread, cpus[w % cpus.size()]);
        }
        if (dealt()) reader = std::thread([this] { deal(*readings[0]); });
        reporting = std::thread([this] { report(); });
    }

    // A worker.

    static void take_mail(Worker& worker) {
        for (const Mailbox::Mail& mail : worker.mailbox.take()) {
            if (mail.secrets) worker.pipeline.add_secrets(mail.secrets->text);
            if (mail.book) worker.adopt(mail.book);
        }
    }

    static void gather(Worker& worker) {
        for (inventory::Sighting& sighting : worker.sightings)
            worker.harvest->entries.push_back({worker.clock.now(), std::move(sighting)});
        worker.sightings.clear();
    }

    /// Packet time reaches `time`; once a second flows are looked after and counts told.
    static void pass_time(Worker& worker, Time time) {
        if (!worker.clock.advance(time)) return;
        worker.harvest->set_back = worker.harvest->set_back || worker.clock.went_back();
        worker.last_seen.clear();
        worker.pipeline.tick(worker.clock.now(), worker.sightings, worker.last_seen);
        gather(worker);
        tell_counts(worker);
    }

    static void tell_counts(Worker& worker) {
        if (worker.reading != nullptr) worker.reading->count_source();
        worker.harvest->counts =
            std::make_unique<Counts>(worker.reading != nullptr ? worker.reading->counts : Counts{});
        *worker.harvest->counts += worker.pipeline.counts();
    }

    static void walk(Worker& worker, const std::vector<Placed>& packets) {
        for (std::size_t from = 0; from < packets.size(); from += packets_ahead) {
            const std::size_t end = std::min(packets.size(), from + packets_ahead);
            for (std::size_t i = from; i < end; ++i) worker.pipeline.expect(packets[i].packet);
            for (std::size_t i = from; i < end; ++i) {
                pass_time(worker, packets[i].packet.time);
                worker.pipeline.push(packets[i], worker.sightings);
                gather(worker);
            }
        }
    }

    void hand_over(Worker& worker, bool last) {
        worker.harvest->until = worker.clock.now();
        worker.harvest->last = last;
        worker.harvests.push(std::move(worker.harvest));
        worker.harvest = std::make_unique<Harvest>();
        arrivals.fetch_add(1, std::memory_order_release);
        arrivals.notify_one();
    }

    void end(Worker& worker) {
        worker.last_seen.clear();
        worker.pipeline.finish(worker.sightings, worker.last_seen);
        gather(worker);
        tell_counts(worker);
        hand_over(worker, true);
    }

    void work_on_source(Worker& worker) {
        Reading& reading = *worker.reading;
        Batch<capture::Frame> frames;
        Batch<Placed> placed;
        worker.harvest = std::make_unique<Harvest>();
        while (reading.read(stop_wanted, frames)) {
            take_mail(worker);
            for (const capture::Frame& frame : frames) {
                const std::uint64_t fragments = reading.counts.fragments;
                reading.unwrapper.push(frame, ++reading.sequence, reading.counts, placed);
                // A mended datagram lives until the next push only.
                if (reading.counts.fragments == fragments) continue;
                walk(worker, placed);
                placed.clear();
            }
            walk(worker, placed);
            placed.clear();
            if (frames.empty()) pass_time(worker, wall_clock() - idle_lag);
            hand_over(worker, false);
        }
        ++sources_ended;
        end(worker);
    }

    void work_on_parcels(Worker& worker) {
        worker.harvest = std::make_unique<Harvest>();
        for (bool last = false; !last;) {
            const std::unique_ptr<Parcel> parcel = worker.parcels.pop();
            take_mail(worker);
            walk(worker, parcel->packets);
            pass_time(worker, parcel->now);
            last = parcel->last;
            if (!last) hand_over(worker, false);
        }
        end(worker);
    }

    // The reader.

    void deal(Reading& reading) {
        Batch<capture::Frame> frames;
        Batch<Placed> placed;
        std::vector<std::unique_ptr<Parcel>> parcels(workers.size());
        PacketClock clock{step_back_min};
        Time now{};
        bool more = true;
        while (more) {
            more = reading.read(stop_wanted, frames);
            for (auto& parcel : parcels) {
                if (!parcel) parcel = std::make_unique<Parcel>();
            }
            for (const capture::Frame& frame : frames) {
                placed.clear();
                reading.unwrapper.push(frame, ++reading.sequence, reading.counts, placed);
                for (const Placed& one : placed) {
                    Parcel& parcel = *parcels[symmetric_hash(one.packet) % workers.size()];
                    parcel.packets.push_back(parcel.copies.keep(one));
                }
                now = frame.time;
            }
            if (frames.empty()) now = wall_clock() - idle_lag;
            for (std::size_t w = 0; w < workers.size(); ++w) {
                parcels[w]->now = now;
                parcels[w]->last = !more;
                send(parcels[w], *workers[w], reading.counts);
            }
            if (!clock.advance(now) && more) continue;
            reading.count_source();
            const std::lock_guard lock(sum_mutex);
            reader_counts = reading.counts;
        }
        ++sources_ended;
    }

    /// A worker that is behind loses what comes, and stays where it is; the last word it gets in
    /// any case.
    static void send(std::unique_ptr<Parcel>& parcel, Worker& worker, Counts& counts) {
        if (parcel->last) {
            worker.parcels.push(std::move(parcel));
        } else if (!worker.parcels.try_push(parcel)) {
            counts.ring_dropped += parcel->packets.size();
            parcel.reset();
        }
    }

    // The reporter.

    static void take_in(Worker& worker, std::unique_ptr<Harvest> harvest, Time& released) {
        if (harvest->set_back) released = Time(Duration::max());
        for (Harvest::Entry& entry : harvest->entries) worker.waiting.push_back(std::move(entry));
        worker.until = harvest->until;
        if (harvest->counts) worker.latest = std::move(*harvest->counts);
        worker.ended = worker.ended || harvest->last;
    }

    /// Entries of all workers up to `safe`, in the order of time.
    void take_out(Time safe, std::vector<Harvest::Entry>& out) {
        for (auto& worker : workers) {
            while (!worker->waiting.empty() && worker->waiting.front().time <= safe) {
                out.push_back(std::move(worker->waiting.front()));
                worker->waiting.pop_front();
            }
        }
        std::stable_sort(out.begin(), out.end(),
                         [](const auto& a, const auto& b) { return a.time < b.time; });
    }

    void add_up(Time now) {
        const std::lock_guard lock(sum_mutex);
        sum = reader_counts;
        for (const auto& worker : workers) sum += worker->latest;
        last_time = now;
    }

    void report() {
        std::vector<Harvest::Entry> entries;
        Batch<inventory::Sighting> batch;
        PacketClock clock{step_back_min};
        for (bool all_ended = false; !all_ended;) {
            const std::uint32_t seen = arrivals.load(std::memory_order_acquire);
            Time released{Duration::min()};
            all_ended = true;
            Time safe{Duration::max()};
            for (auto& worker : workers) {
                for (std::unique_ptr<Harvest> harvest; worker->harvests.try_pop(harvest);)
                    take_in(*worker, std::move(harvest), released);
                if (worker->ended) continue;
                all_ended = false;
                safe = std::min(safe, worker->until);
            }
            // Behind the harvests: who made them has the same book, or an older one.
            for (const Mailbox::Mail& mail : reporter_mailbox.take()) reporter.adopt(mail.book);
            entries.clear();
            take_out(std::max(safe, released), entries);
            for (Harvest::Entry& entry : entries) batch.push_back(std::move(entry.sighting));
            reporter.push(batch);
            reporter.flush();
            batch.clear();
            if (!all_ended && safe != Time(Duration::min())) tick(clock, safe);
            if (!all_ended) arrivals.wait(seen, std::memory_order_acquire);
        }
        add_up(clock.now());
    }

    void tick(PacketClock& clock, Time now) {
        if (!clock.advance(now)) return;
        add_up(now);
        reporter.tick(now);
        reporter.tell_stats(counts(), now);
        if (std::string line = reporter.take_trouble(); !line.empty()) {
            const std::lock_guard lock(sum_mutex);
            troubles.push_back({std::move(line), false});
        }
    }

    Counts counts() const {
        const std::lock_guard lock(sum_mutex);
        return sum;
    }

    void join() {
        if (!reporting.joinable()) return;
        for (auto& worker : workers) worker->thread.join();
        if (reader.joinable()) reader.join();
        reporting.join();
    }
};

LiveCrew::LiveCrew(const Options& options, std::vector<std::unique_ptr<capture::Source>> sources,
                   unsigned workers, const BookPointer& book, Reporter& reporter)
    : state_(std::make_unique<State>(options, reporter)) {
    for (auto& source : sources)
        state_->readings.push_back(std::make_unique<Reading>(std::move(source), options.limits));
    for (unsigned i = 0; i < workers; ++i) {
        state_->workers.push_back(std::make_unique<State::Worker>(options, i, book));
        if (sources.size() == workers) state_->workers[i]->reading = state_->readings[i].get();
    }
}

LiveCrew::~LiveCrew() {
    stop();
    state_->join();
}

void LiveCrew::add_private_key(const std::string& pem) {
    for (auto& worker : state_->workers) worker->tools.secrets.add_private_key(pem);
}

void LiveCrew::start() {
    state_->start();
}

void LiveCrew::add_secrets(std::string_view key_log) {
    const auto secrets = std::make_shared<const SecretText>(key_log);
    for (auto& worker : state_->workers) worker->mailbox.put({secrets, nullptr});
}

void LiveCrew::adopt(const BookPointer& book) {
    state_->reporter_mailbox.put({nullptr, book});  // it must know what workers speak of
    for (auto& worker : state_->workers) worker->mailbox.put({nullptr, book});
}

void LiveCrew::stop() noexcept {
    state_->stop_wanted = true;
}

bool LiveCrew::ended() const noexcept {
    return state_->sources_ended == state_->readings.size();
}

Counts LiveCrew::finish() {
    state_->join();
    Counts sum = state_->counts();
    state_->reporter.finish(sum, false, state_->last_time);
    return sum;
}

Counts LiveCrew::counts() const {
    return state_->counts();
}

std::vector<capture::Notice> LiveCrew::take_notices() {
    std::vector<capture::Notice> all;
    for (auto& reading : state_->readings) {
        const std::lock_guard lock(reading->mutex);
        for (capture::Notice& notice : reading->notices) {
            // All members of a group see the same happen to their interface.
            if (std::none_of(all.begin(), all.end(),
                             [&](const auto& other) { return other.text == notice.text; }))
                all.push_back(std::move(notice));
        }
        reading->notices.clear();
    }
    const std::lock_guard lock(state_->sum_mutex);
    std::move(state_->troubles.begin(), state_->troubles.end(), std::back_inserter(all));
    state_->troubles.clear();
    return all;
}

std::vector<std::string> LiveCrew::gone() const {
    std::vector<std::string> names;
    for (auto& reading : state_->readings) {
        const std::lock_guard lock(reading->mutex);
        for (const std::string& name : reading->gone) {
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        }
    }
    return names;
}

}  // namespace umbratap::engine
