// Takes content codings off a body, piece by piece.
#include "http/content_coding.h"

#include <algorithm>
#include <optional>
#include <string>

namespace umbratap::http {

namespace {

constexpr std::uint64_t ratio_counts_from = 1024 * 1024;

std::optional<Coding> coding_named(std::string_view name) noexcept {
    if (name == "gzip" || name == "x-gzip") return Coding::gzip;
    if (name == "deflate") return Coding::deflate;
    if (name == "br") return Coding::brotli;
    if (name == "zstd") return Coding::zstd;
    return std::nullopt;
}

std::string next_name(std::string_view& list) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string name;
    for (const char c : list.substr(0, comma)) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
    return name;
}

}  // namespace

Problem ContentCoding::begin(std::string_view list) {
    layers_.clear();
    state_ = State::reading;
    taken_ = 0;
    while (!list.empty()) {
        const std::string name = next_name(list);
        // "none" is no registered name, but servers of event streams send it to keep proxies from
        // compressing.
        if (name.empty() || name == "identity" || name == "none") continue;
        const auto coding = coding_named(name);
        if (!coding || layers_.size() == limits_->content_codings_max) {
            layers_.clear();
            state_ = State::unreadable;
            return Problem{coding ? "http.too_many_content_codings"
                                  : "http.unknown_content_coding"};
        }
        layers_.insert(layers_.begin(), Layer{Inflater(*coding)});
    }
    return no_problem;
}

Problem ContentCoding::push(Bytes& in, std::vector<std::uint8_t>& out) noexcept {
    const std::size_t before = out.size();
    while (readable() && out.size() == before) {
        // The innermost layer that has something to do goes first, so that little waits in between.
        std::size_t i = layers_.size();
        while (--i > 0) {
            const Layer& layer = layers_[i];
            if (layer.more || layer.taken < layer.waiting.size()) break;
        }
        if (i == 0 && in.empty() && !layers_[0].more) break;
        if (const Problem problem = run(i, in, out)) {
            state_ = State::unreadable;
            return problem;
        }
    }
    return no_problem;
}

Problem ContentCoding::run(std::size_t i, Bytes& in, std::vector<std::uint8_t>& out) noexcept {
    Layer& layer = layers_[i];
    Bytes waiting = i == 0 ? in : Bytes(layer.waiting).subspan(layer.taken);
    const std::size_t offered = waiting.size();
    std::vector<std::uint8_t>& target = i + 1 == layers_.size() ? out : layers_[i + 1].waiting;
    if (&target != &out) {
        target.clear();
        layers_[i + 1].taken = 0;
    }
    const std::uint64_t room = limits_->inflated_bytes_max - layer.given;
    const std::size_t before = target.size();
    const std::size_t slice =
        static_cast<std::size_t>(std::min<std::uint64_t>(slice_bytes, room + 1));
    // What follows the end of a coding is of no interest: nobody reads it.
    layer.inflater.push(waiting, slice, target);
    const std::size_t came = target.size() - before;
    layer.more = came == slice;
    if (i == 0) {
        taken_ += offered - waiting.size();
        in = waiting;
    } else {
        layer.taken += offered - waiting.size();
    }
    layer.given += came;
    if (came > room) {
        target.pop_back();
        return Problem{"http.inflate_bomb"};
    }
    if (layer.given > ratio_counts_from && layer.given / limits_->inflate_ratio_max > taken_) {
        return Problem{"http.inflate_bomb"};
    }
    return layer.inflater.broken() ? Problem{"http.broken_content_coding"} : no_problem;
}

Problem ContentCoding::end() noexcept {
    if (!readable() || taken_ == 0) return no_problem;
    const bool whole = std::all_of(layers_.begin(), layers_.end(),
                                   [](const Layer& layer) { return layer.inflater.ended(); });
    return whole ? no_problem : Problem{"http.broken_content_coding"};
}

}  // namespace umbratap::http
