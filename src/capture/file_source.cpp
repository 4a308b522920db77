// Captures one after the other, in the order given.
//
// All are looked at before the first is read, so that a wrong name is told at once and not after an
// hour. Files are closed again after that look, since a directory may hold more of them than a
// program may have open; pipes and connections, which cannot be opened twice, stay open.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "capture/endpoint.h"
#include "capture/filter.h"
#include "capture/input.h"
#include "capture/source.h"

namespace umbratap::capture {

namespace {

constexpr std::size_t frames_max = 256;  // a batch; their record headers fit into the first cache

struct Planned {
    Origin origin;  // frames point to it
    std::unique_ptr<Input> opened;
};

/// Names of the regular files in a directory, in order.
std::vector<std::string> files_in(const std::string& directory) {
    struct Close {
        void operator()(DIR* listing) const noexcept { closedir(listing); }
    };
    const std::unique_ptr<DIR, Close> listing(opendir(directory.c_str()));
    if (!listing) {
        throw InputError(directory + ": cannot be listed: " + std::strerror(errno) +
                         "; make it readable for this user");
    }
    std::vector<std::string> names;
    while (const dirent* entry = readdir(listing.get())) {
        const std::string name = directory + (directory.back() == '/' ? "" : "/") + entry->d_name;
        struct stat status {};
        if (stat(name.c_str(), &status) == 0 && S_ISREG(status.st_mode)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

class FileSource final : public Source {
public:
    explicit FileSource(const FileOptions& options) : decrypted_(options.decrypted) {
        if (!options.filter.empty()) filter_.emplace(options.filter);
        for (const std::string& name : options.inputs) plan(name);
    }

    bool read(Batch<Frame>& out) override;
    SourceCounts counts() const override;
    std::vector<Notice> take_notices() override { return std::exchange(notices_, {}); }
    std::vector<std::string> take_secrets() override { return std::exchange(secrets_, {}); }

private:
    void plan(const std::string& name);
    void plan_file(const std::string& name);
    bool open_next();
    void close();
    void collect();
    void count_and_filter(std::size_t before, Batch<Frame>& out);

    bool decrypted_;
    std::optional<Filter> filter_;
    std::vector<std::unique_ptr<Planned>> planned_;
    std::size_t next_ = 0;
    std::unique_ptr<Input> input_;
    bool total_known_ = true;
    SourceCounts counts_;  // of inputs that are closed, where it speaks of input bytes
    std::vector<Notice> notices_;
    std::vector<std::string> secrets_;
};

void FileSource::plan(const std::string& name) {
    struct stat status {};
    const bool found = !is_endpoint(name) && stat(name.c_str(), &status) == 0;
    if (!found || !S_ISDIR(status.st_mode)) return plan_file(name);
    const std::size_t before = planned_.size(), notices_before = notices_.size();
    for (const std::string& file : files_in(name)) {
        try {
            plan_file(file);
        } catch (const InputError& error) {
            notices_.push_back({std::string(error.what()) + "; skipped", false});
        }
    }
    if (planned_.size() == before) {
        throw InputError(name + ": no capture in this directory; " +
                         (notices_.size() > notices_before
                              ? notices_[notices_before].text
                              : "expected pcap or pcapng files, as they are or compressed with "
                                "gzip or zstd"));
    }
}

void FileSource::plan_file(const std::string& name) {
    auto planned = std::make_unique<Planned>();
    planned->origin = {.name = name, .is_file = !is_endpoint(name), .decrypted = decrypted_};
    struct stat status {};
    Descriptor descriptor = open_descriptor(name);
    const bool regular =
        name != "-" && fstat(descriptor.number(), &status) == 0 && S_ISREG(status.st_mode);
    auto input = std::make_unique<Input>(std::move(descriptor), planned->origin);
    if (regular) {
        counts_.input_total += static_cast<std::uint64_t>(status.st_size);
    } else {
        total_known_ = false;
        planned->opened = std::move(input);
    }
    planned_.push_back(std::move(planned));
}

bool FileSource::read(Batch<Frame>& out) {
    const std::size_t before = out.size();
    for (;;) {
        if (!input_ && !open_next()) return false;
        const Input::State state = input_->read(frames_max, out);
        collect();
        count_and_filter(before, out);
        if (out.size() > before || state == Input::State::waiting) return true;
        if (state == Input::State::ended) close();
    }
}

bool FileSource::open_next() {
    while (next_ < planned_.size()) {
        Planned& planned = *planned_[next_++];
        if (planned.opened) {
            input_ = std::move(planned.opened);
            return true;
        }
        try {
            input_ = std::make_unique<Input>(open_descriptor(planned.origin.name), planned.origin);
            return true;
        } catch (const InputError& error) {  // it was sound when we looked
            notices_.push_back({std::string(error.what()), false});
        }
    }
    return false;
}

void FileSource::close() {
    counts_.input_bytes += input_->position();
    input_.reset();
}

void FileSource::collect() {
    for (Notice& notice : input_->take_notices()) notices_.push_back(std::move(notice));
    for (std::string& secrets : input_->take_secrets()) secrets_.push_back(std::move(secrets));
}

void FileSource::count_and_filter(std::size_t before, Batch<Frame>& out) {
    const auto first = out.begin() + static_cast<std::ptrdiff_t>(before);
    counts_.packets += out.size() - before;
    for (auto frame = first; frame != out.end(); ++frame) counts_.bytes += frame->data.size();
    if (!filter_ || first == out.end()) return;
    const std::string& name = first->origin->name;
    const auto kept = std::remove_if(first, out.end(),
                                     [&](const Frame& frame) { return !filter_->accepts(frame); });
    counts_.filtered += static_cast<std::uint64_t>(out.end() - kept);
    for (const std::string& remark : filter_->take_remarks())
        notices_.push_back({name + ": " + remark, false});
    out.erase(kept, out.end());
}

SourceCounts FileSource::counts() const {
    SourceCounts counts = counts_;
    if (input_) counts.input_bytes += input_->position();
    if (!total_known_) counts.input_total = 0;
    return counts;
}

}  // namespace

std::unique_ptr<Source> open_files(const FileOptions& options) {
    return std::make_unique<FileSource>(options);
}

}  // namespace umbratap::capture
