// Hyperscan databases, and the files in which they are kept:
//
//     "umbratap-hs-1\n" | SHA-256 of the rest, 32 bytes | serialized database
//     in a file whose name is a hash over version, CPU, mode and expressions
#include "detect/databases.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/digest.h"

namespace umbratap::detect {

namespace {

constexpr std::string_view magic = "umbratap-hs-1\n";
constexpr std::size_t digest_bytes = 32;
constexpr std::size_t kept_bytes_max = 16 * 1024 * 1024;

class File {
public:
    explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

class Mapping {
public:
    Mapping(int descriptor, std::size_t size) noexcept
        : memory_(mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, descriptor, 0)),
          size_(memory_ == MAP_FAILED ? 0 : size) {}
    ~Mapping() {
        if (size_ > 0) munmap(memory_, size_);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    std::string_view content() const noexcept { return {static_cast<const char*>(memory_), size_}; }

private:
    void* memory_;
    std::size_t size_;
};

Database compile(std::span<const Expression> expressions, unsigned mode) {
    std::vector<const char*> texts;
    std::vector<unsigned> flags, ids;
    for (const Expression& expression : expressions) {
        texts.push_back(expression.text.c_str());
        flags.push_back(expression.flags);
        ids.push_back(static_cast<unsigned>(ids.size()));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(texts.data(), flags.data(), ids.data(),
                         static_cast<unsigned>(texts.size()), mode, nullptr, &database,
                         &error) == HS_SUCCESS) {
        return Database(database);
    }
    const CompileError thrown(error != nullptr ? error->message : "out of memory",
                              error != nullptr ? error->expression : -1);
    hs_free_compile_error(error);
    throw thrown;
}

/// A name for what is made of these expressions, in this mode, by this library, for this CPU.
/// Empty where the library cannot tell the CPU.
std::string name_of(std::span<const Expression> expressions, unsigned mode) {
    static const std::optional<hs_platform_info_t> asked = [] {  // a virtual machine takes its time
        hs_platform_info_t answer{};
        return hs_populate_platform(&answer) == HS_SUCCESS ? std::optional(answer) : std::nullopt;
    }();
    if (!asked) return {};
    const hs_platform_info_t& platform = *asked;
    std::string made_of = std::string(hs_version()) + '\0' + std::to_string(platform.tune) + ' ' +
                          std::to_string(platform.cpu_features) + ' ' + std::to_string(mode) + '\0';
    for (const Expression& expression : expressions)
        made_of += std::to_string(expression.flags) + ' ' + expression.text + '\0';
    return to_hex(sha256(as_bytes(made_of))) + ".hs";
}

/// Null if anything about the file is doubtful.
Database read_kept(const std::string& path) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return nullptr;
    const bool ours = S_ISREG(status.st_mode) &&
                      (status.st_uid == ::geteuid() || status.st_uid == 0) &&
                      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    const auto size = static_cast<std::size_t>(status.st_size);
    const std::size_t head = magic.size() + digest_bytes;
    if (!ours || size <= head || size > kept_bytes_max) return nullptr;
    // Its writers replace it as a whole, so nobody shortens it meanwhile.
    const Mapping mapping(file.get(), size);
    const std::string_view content = mapping.content();
    if (!content.starts_with(magic)) return nullptr;
    const auto digest = sha256(as_bytes(content).subspan(head));
    if (std::memcmp(digest.data(), content.data() + magic.size(), digest.size()) != 0)
        return nullptr;
    hs_database_t* database = nullptr;
    if (hs_deserialize_database(content.data() + head, size - head, &database) != HS_SUCCESS)
        return nullptr;
    return Database(database);
}

/// Written beside and renamed, so that nobody ever reads half of one.
void keep(const std::string& path, const hs_database_t* database) {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) return;
    const std::string serialized(bytes, size);
    std::free(bytes);
    const auto digest = sha256(as_bytes(serialized));
    std::string content(magic);
    content.append(reinterpret_cast<const char*>(digest.data()), digest.size()).append(serialized);
    std::string draft = path + ".XXXXXX";
    const File file(::mkostemp(draft.data(), O_CLOEXEC));
    if (file.get() < 0) return;
    const bool written =
        ::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(content.size());
    if (!written || std::rename(draft.c_str(), path.c_str()) != 0) ::unlink(draft.c_str());
}

}  // namespace

Databases::Databases(std::string directory) : directory_(std::move(directory)) {
    if (directory_.empty()) return;
    std::error_code error;
    if (std::filesystem::create_directories(directory_, error))
        std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, error);
}

Database Databases::find_or_compile(std::span<const Expression> expressions, unsigned mode) {
    const std::string name = directory_.empty() ? std::string() : name_of(expressions, mode);
    const std::string path = directory_ + "/" + name;
    if (!name.empty()) {
        if (Database database = read_kept(path)) return database;
    }
    all_found_ = false;
    Database database = compile(expressions, mode);
    if (!name.empty()) keep(path, database.get());
    return database;
}

}  // namespace umbratap::detect
