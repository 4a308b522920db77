// Who does the work.
//
// One worker:  frames ─→ Unwrapper ─→ Pipeline ─→ Reporter, all in this thread, without a copy.
//
// Several:     this thread unwraps and deals packets out by the symmetric hash of their inner flow;
// each worker has a
//              Pipeline of its own; one more thread reports.
//
//     this thread ─ Parcel ─→ worker 0 ─ Harvest ─┐
//                 └ Parcel ─→ worker 1 ─ Harvest ─┴─→ reporter
//
// Every batch of frames makes one parcel per worker (perhaps empty), so the reporter can put the
// harvests of a batch together again in the order of packets: the same capture gives the same
// events with any number of workers. Time passes in ticks, one per second of packet time, at the
// same place in every parcel.
#include "engine/crew.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "engine/dealing.h"
#include "engine/ring.h"
#include "engine/unwrapper.h"
#include "engine/workplace.h"

namespace umbratap::engine {

namespace {

constexpr std::size_t packets_ahead = 32;  // fetched into the cache before they are walked
constexpr std::uint32_t parcels_waiting_max = 64;
constexpr Duration step_back_min = std::chrono::minutes(15);  // files that follow each other

using Sightings = Batch<inventory::Sighting>;

/// Where in the run a sighting belongs: before or after the packet of that number, and there in
/// this order.
struct Order {
    std::uint64_t sequence = 0;
    std::uint64_t phase = 0;  // 0: a flow that fell idle; 1: the tick itself; 2: the packet's own
    std::uint64_t place = 0;
    friend auto operator<=>(const Order&, const Order&) = default;
};

struct Step {
    bool tick = false;
    Time time;
    Placed placed;  // of a tick: only the sequence
};

/// What one worker is given of one batch of frames.
struct Parcel {
    std::vector<Step> steps;
    PacketCopies copies;
    std::shared_ptr<const SecretText> secrets;  // known before all steps; may be null
    BookPointer book;                           // in force before all steps; may be null
    std::unique_ptr<Counts> reader_counts;      // of the thread that reads, where figures are due
    bool last = false;

    void add(const Placed& placed) { steps.push_back({false, {}, copies.keep(placed)}); }
};

struct Harvest {
    struct Entry {
        Order order;
        bool tick = false;
        Time time;
        inventory::Sighting sighting;
    };
    std::vector<Entry> entries;
    std::unique_ptr<Counts> counts;  // at ticks and at the end
    std::unique_ptr<Counts> reader_counts;
    bool last = false;
};

}  // namespace

struct Crew::State {
    struct Worker : Workplace {
        using Workplace::Workplace;

        Ring<std::unique_ptr<Parcel>> parcels{parcels_waiting_max};
        Ring<std::unique_ptr<Harvest>> harvests{parcels_waiting_max};
        std::thread thread;
    };

    const Options& options;
    Reporter& reporter;
    Unwrapper unwrapper;
    Counts counts;  // of this thread: packets, fragments, problems of decoding
    PacketClock clock{step_back_min};
    std::uint64_t sequence = 0;
    Batch<Placed> placed;
    Sightings sightings;
    Batch<std::uint64_t> last_seen;
    std::vector<std::unique_ptr<Worker>> workers;
    std::thread reporting;
    std::atomic<std::uint64_t> batches_reported = 0;
    std::uint64_t batches_pushed = 0;
    std::shared_ptr<const SecretText> secrets;  // for the next parcels
    BookPointer book;                           // likewise
    std::vector<Counts> latest;  // of each worker, as the reporting thread knows them
    bool finished = false;

    State(const Options& o, Reporter& r) : options(o), reporter(r), unwrapper(o.limits) {}

    bool alone() const { return workers.size() == 1; }

    // One worker.

    void walk_placed() {
        Pipeline& pipeline = workers[0]->pipeline;
        for (const Placed& one : placed) pipeline.expect(one.packet);
        for (const Placed& one : placed) {
            pipeline.push(one, sightings);
            if (!sightings.empty()) report_sightings();
        }
        placed.clear();
    }

    void report_sightings() {
        reporter.push(sightings);
        sightings.clear();
    }

    void push_alone(const Batch<capture::Frame>& frames) {
        if (frames.empty()) tell_stats(sum_alone(), clock.now());  // silence: tell what came before
        for (const capture::Frame& frame : frames) {
            if (clock.advance(frame.time)) {
                walk_placed();
                last_seen.clear();
                workers[0]->pipeline.tick(clock.now(), sightings, last_seen);
                report_sightings();
                reporter.tick(clock.now());
                tell_stats(sum_alone(), clock.now());
            }
            const std::uint64_t fragments = counts.fragments;
            unwrapper.push(frame, ++sequence, counts, placed);
            // A mended datagram lives until the next push only.
            if (placed.size() >= packets_ahead || counts.fragments != fragments) walk_placed();
        }
        walk_placed();
    }

    void tell_stats(const Counts& sum, Time now) {
        if (!options.metrics.empty()) reporter.tell_stats(sum, now);
    }

    Counts sum_alone() {
        Counts sum = counts;
        sum += workers[0]->pipeline.counts();
        return sum;
    }

    // Several workers.

    void start() {
        latest.resize(workers.size());
        for (auto& worker : workers) {
            worker->thread = std::thread([&worker = *worker] { work(worker); });
        }
        reporting = std::thread([this] { report(); });
    }

    static void work(Worker& worker) {
        Sightings sightings;
        Batch<std::uint64_t> last_seen;
        for (bool last = false; !last;) {
            const std::unique_ptr<Parcel> parcel = worker.parcels.pop();
            auto harvest = std::make_unique<Harvest>();
            harvest->reader_counts = std::move(parcel->reader_counts);
            if (parcel->secrets) worker.pipeline.add_secrets(parcel->secrets->text);
            if (parcel->book) worker.adopt(parcel->book);
            for (const Step& step : parcel->steps) {
                const std::uint64_t sequence = step.placed.sequence;
                sightings.clear();
                last_seen.clear();
                if (step.tick) {
                    worker.pipeline.tick(step.time, sightings, last_seen);
                } else {
                    worker.pipeline.push(step.placed, sightings);
                }
                for (std::size_t i = 0; i < sightings.size(); ++i) {
                    const Order order =
                        step.tick ? Order{sequence, 0, last_seen[i]} : Order{sequence, 2, i};
                    harvest->entries.push_back({order, false, step.time, std::move(sightings[i])});
                }
                if (step.tick) harvest->entries.push_back({{sequence, 1, 0}, true, step.time, {}});
                if (step.tick) harvest->counts = std::make_unique<Counts>(worker.pipeline.counts());
            }
            if (parcel->last) {
                sightings.clear();
                last_seen.clear();
                worker.pipeline.finish(sightings, last_seen);
                for (std::size_t i = 0; i < sightings.size(); ++i) {
                    harvest->entries.push_back(
                        {{~0ULL, 0, last_seen[i]}, false, {}, std::move(sightings[i])});
                }
                harvest->counts = std::make_unique<Counts>(worker.pipeline.counts());
                harvest->last = last = true;
            }
            worker.harvests.push(std::move(harvest));
        }
    }

    void report() {
        Sightings batch;
        std::vector<Harvest::Entry> entries;
        std::unique_ptr<Counts> reader_counts;
        Time now{};
        for (bool last = false; !last;) {
            entries.clear();
            for (std::size_t w = 0; w < workers.size(); ++w) {
                const std::unique_ptr<Harvest> harvest = workers[w]->harvests.pop();
                std::move(harvest->entries.begin(), harvest->entries.end(),
                          std::back_inserter(entries));
                if (harvest->counts) latest[w] = *harvest->counts;
                if (harvest->reader_counts) reader_counts = std::move(harvest->reader_counts);
                last = harvest->last;
            }
            std::stable_sort(entries.begin(), entries.end(),
                             [](const auto& a, const auto& b) { return a.order < b.order; });
            Order ticked{~0ULL, ~0ULL, 0};
            for (Harvest::Entry& entry : entries) {
                if (!entry.tick) {
                    batch.push_back(std::move(entry.sighting));
                    continue;
                }
                if (entry.order == ticked) continue;  // every worker tells of the same tick
                ticked = entry.order;
                reporter.push(batch);
                batch.clear();
                reporter.tick(entry.time);
                now = entry.time;
            }
            reporter.push(batch);
            batch.clear();
            if (reader_counts) {
                for (const Counts& one : latest) *reader_counts += one;
                tell_stats(*reader_counts, now);
                reader_counts.reset();
            }
            batches_reported.fetch_add(1, std::memory_order_release);
            batches_reported.notify_all();
        }
    }

    void push_dealt(const Batch<capture::Frame>& frames, bool last) {
        if (!reporting.joinable()) start();
        std::vector<std::unique_ptr<Parcel>> parcels;
        for (std::size_t w = 0; w < workers.size(); ++w)
            parcels.push_back(std::make_unique<Parcel>());
        bool ticked = false;
        for (const capture::Frame& frame : frames) {
            ++sequence;
            if (clock.advance(frame.time)) {
                ticked = true;
                for (auto& parcel : parcels) {
                    Step& step = parcel->steps.emplace_back();
                    step.tick = true;
                    step.time = clock.now();
                    step.placed.sequence = sequence;
                }
            }
            placed.clear();
            unwrapper.push(frame, sequence, counts, placed);
            for (const Placed& one : placed)
                parcels[symmetric_hash(one.packet) % workers.size()]->add(one);
        }
        ++batches_pushed;
        for (auto& parcel : parcels) {
            parcel->secrets = secrets;
            parcel->book = book;
        }
        if (ticked || frames.empty())
            parcels.front()->reader_counts = std::make_unique<Counts>(counts);
        secrets.reset();
        book.reset();
        for (std::size_t w = 0; w < workers.size(); ++w) {
            parcels[w]->last = last;
            workers[w]->parcels.push(std::move(parcels[w]));
        }
    }

    void drain() {
        for (std::uint64_t done = batches_reported.load(std::memory_order_acquire);
             done != batches_pushed; done = batches_reported.load(std::memory_order_acquire)) {
            batches_reported.wait(done, std::memory_order_acquire);
        }
    }

    void join() {
        if (alone() || finished) return;
        finished = true;
        push_dealt({}, true);
        for (auto& worker : workers) worker->thread.join();
        reporting.join();
    }
};

Crew::Crew(const Options& options, unsigned workers, const BookPointer& book, Reporter& reporter)
    : state_(std::make_unique<State>(options, reporter)) {
    for (unsigned i = 0; i < workers; ++i) {
        state_->workers.push_back(std::make_unique<State::Worker>(options, i, book));
    }
}

Crew::~Crew() {
    state_->join();
}

void Crew::add_private_key(const std::string& pem) {
    for (auto& worker : state_->workers) worker->tools.secrets.add_private_key(pem);
}

void Crew::add_secrets(std::string_view key_log) {
    if (state_->alone()) {
        state_->workers[0]->pipeline.add_secrets(key_log);
        return;
    }
    if (state_->secrets) state_->push_dealt({}, false);  // each parcel takes one text along
    state_->secrets = std::make_shared<const SecretText>(key_log);
}

void Crew::adopt(const BookPointer& book) {
    if (state_->alone()) {
        state_->workers[0]->adopt(book);
    } else {
        state_->book = book;
    }
}

void Crew::push(const Batch<capture::Frame>& frames, const capture::SourceCounts& source) {
    state_->counts.source = source;
    if (state_->alone()) {
        state_->push_alone(frames);
    } else {
        state_->push_dealt(frames, false);
    }
}

void Crew::drain() {
    if (!state_->alone()) state_->drain();
}

Counts Crew::finish(const capture::SourceCounts& source, bool cut_short) {
    State& state = *state_;
    state.counts.source = source;
    Counts sum = state.counts;
    if (state.alone()) {
        state.walk_placed();
        state.last_seen.clear();
        state.workers[0]->pipeline.finish(state.sightings, state.last_seen);
        state.report_sightings();
        sum = state.sum_alone();
    } else {
        state.join();
        for (const Counts& one : state.latest) sum += one;
    }
    state.reporter.finish(sum, cut_short, state.clock.now());
    return sum;
}

}  // namespace umbratap::engine
