// The SQLite file behind a Store. One program writes it at a time; any number may read it
// meanwhile.
#pragma once

#include <cstdint>
#include <string>

#include "inventory/ledger.h"
#include "inventory/store.h"

struct sqlite3;

namespace umbratap::inventory {

/// Its errors are StoreError, without the file's name.
class StoreFile {
public:
    StoreFile(const std::string& path, Store::Mode mode);
    ~StoreFile() { close(); }
    StoreFile(const StoreFile&) = delete;
    StoreFile& operator=(const StoreFile&) = delete;

    void read(Ledger& ledger);
    void write(const Ledger& ledger);  ///< what is marked as unwritten, in one transaction

private:
    void open(const std::string& path, Store::Mode mode);
    void open_to_read(const std::string& path);
    void open_to_write(const std::string& path);
    void write_rows(const Ledger& ledger);
    void close() noexcept;
    void execute(const char* sql);
    std::int64_t number(const char* sql);
    void check(bool sound) const;

    std::int64_t version_ = 0;  // of the file's tables
    int lock_ = -1;             // the file again, locked: one writer at a time
    sqlite3* database_ = nullptr;
};

}  // namespace umbratap::inventory
