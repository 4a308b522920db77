// TLS records, cut out of the bytes of one direction.
#include "tls/record.h"

#include <algorithm>
#include <utility>

namespace umbratap::tls {

bool can_be_record(Bytes start) noexcept {
    if (start.size() > 0 &&
        (start[0] < record_type::change_cipher_spec || start[0] > record_type::heartbeat)) {
        return false;
    }
    if (start.size() > 1 && start[1] != 3) return false;
    if (start.size() > 2 && start[2] > 4) return false;
    if (start.size() > 3 && start[3] > record_body_bytes_max >> 8) return false;
    return start.size() < record_header_bytes || big_endian_16(&start[3]) <= record_body_bytes_max;
}

namespace {

std::size_t record_bytes(Bytes header) noexcept {
    return record_header_bytes + big_endian_16(&header[3]);
}

}  // namespace

RecordCutter::Result RecordCutter::next(Bytes& data, Record& record,
                                        Workspace& workspace) noexcept {
    forget_record(workspace);
    if (kept_.empty()) {
        if (!can_be_record(data)) return Result::not_a_record;
        if (data.size() >= record_header_bytes && data.size() >= record_bytes(data)) {
            record.bytes = data.first(record_bytes(data));
            data = data.subspan(record.bytes.size());
            return Result::record;
        }
    }
    if (!keep(data, record_header_bytes, workspace)) return Result::no_memory;
    if (!can_be_record(kept_.bytes())) return Result::not_a_record;
    if (kept_.size() < record_header_bytes) return Result::needs_more;
    const std::size_t wanted = record_bytes(kept_.bytes());
    if (!keep(data, wanted, workspace)) return Result::no_memory;
    if (kept_.size() < wanted) return Result::needs_more;
    record.bytes = kept_.bytes();
    record_in_kept_ = true;
    return Result::record;
}

/// Moves bytes from the front of `data` until `wanted` are kept.
bool RecordCutter::keep(Bytes& data, std::size_t wanted, Workspace& workspace) noexcept {
    if (kept_.size() >= wanted || data.empty()) return true;
    if (kept_.empty()) workspace.lend(kept_);
    const Bytes taken = data.first(std::min(wanted - kept_.size(), data.size()));
    if (!kept_.append(taken, record_header_bytes + record_body_bytes_max)) return false;
    data = data.subspan(taken.size());
    return true;
}

bool RecordCutter::put_back() noexcept {
    return std::exchange(record_in_kept_, false);
}

void RecordCutter::forget_record(Workspace& workspace) noexcept {
    if (!record_in_kept_) return;
    record_in_kept_ = false;
    workspace.take_back(kept_);
}

void RecordCutter::move_kept_to(Buffer& empty, Workspace& workspace) noexcept {
    forget_record(workspace);
    kept_.swap(empty);
}

void RecordCutter::clear() noexcept {
    kept_.clear();
    record_in_kept_ = false;
}

}  // namespace umbratap::tls
