// Files that are renamed, cut, replaced and rewritten while they are followed.
#include "capture/key_log_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include "support/temporary_directory.h"

using namespace umbratap;
using namespace umbratap::capture;
using test::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

/// A directory with one key log that only its owner may read.
struct Scene {
    TemporaryDirectory directory;
    std::string name = directory.file("keys.log");

    explicit Scene(const std::string& content = "one\n") { begin(content); }
    /// Another file under the name, or the same cut and written anew.
    void begin(const std::string& content) const {
        directory.write("keys.log", content);
        fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write);
    }
    void append(const std::string& content, const std::string& to = "keys.log") const {
        std::ofstream(directory.file(to), std::ios::app | std::ios::binary) << content;
    }
    void rename(const std::string& to) const { fs::rename(name, directory.file(to)); }
    KeyLogFiles follow(bool wait = true, bool strict = false) const {
        return KeyLogFiles({{name}, wait, strict});
    }
};

std::string all_of(KeyLogFiles& files) {
    std::string all;
    for (std::string some = files.poll(); !some.empty(); some = files.poll()) all += some;
    return all;
}

std::string notices_of(KeyLogFiles& files) {
    std::string all;
    for (const Notice& notice : files.take_notices()) all += notice.text + "\n";
    return all;
}

std::string refusal_of(const KeyLogOptions& options) {
    try {
        KeyLogFiles files(options);
    } catch (const InputError& error) {
        return error.what();
    }
    return "taken";
}

}  // namespace

TEST_CASE("a key log is read whole, then as it grows") {
    const Scene scene("one\ntwo\nthr");
    KeyLogFiles files = scene.follow();
    CHECK(all_of(files) == "one\ntwo\n");
    CHECK(files.poll() == "");
    scene.append("ee\nfour");
    CHECK(files.poll() == "three\n");
    CHECK(files.poll() == "");
    scene.append("\n");
    CHECK(files.poll() == "four\n");
    CHECK(files.counts().lines == 4);
    CHECK(notices_of(files) == "");
}

TEST_CASE("over capture files a last line without end counts, and again when it is whole") {
    const Scene scene("one\ntwo");
    KeyLogFiles files = scene.follow(false);
    CHECK(files.poll() == "one\ntwo\n");
    CHECK(files.poll() == "");
    scene.append("2");
    CHECK(files.poll() == "two2\n");
    scene.append("\n");
    CHECK(files.poll() == "two2\n");
    CHECK(files.poll() == "");
}

TEST_CASE("after a rename the old file is read to its end, then the new one; both are followed") {
    const Scene scene;
    KeyLogFiles files = scene.follow();
    CHECK(files.poll() == "one\n");
    scene.append("two\n");
    scene.rename("keys.log.1");
    scene.append("three\n", "keys.log.1");
    scene.begin("four\n");
    CHECK(files.poll() == "two\nthree\nfour\n");
    scene.append("five\n", "keys.log.1");  // a program that has it open
    scene.append("six\n");
    CHECK(files.poll() == "five\nsix\n");
    CHECK(files.counts().restarts == 1);
    CHECK(notices_of(files) == "");
}

TEST_CASE("a file that gets its name back is not read twice") {
    const Scene scene;
    KeyLogFiles files = scene.follow();
    CHECK(files.poll() == "one\n");
    scene.rename("keys.log.1");
    scene.begin("two\n");
    CHECK(files.poll() == "two\n");
    fs::rename(scene.directory.file("keys.log.1"), scene.name);
    CHECK(files.poll() == "");
    scene.append("three\n");
    CHECK(files.poll() == "three\n");
}

TEST_CASE("of many files of one name the oldest are let go") {
    const Scene scene;
    KeyLogFiles files = scene.follow();
    for (int i = 0; i < 20; ++i) {
        all_of(files);
        scene.rename("keys.log." + std::to_string(i));
        scene.begin(std::to_string(i) + "\n");
    }
    all_of(files);
    CHECK(files.counts().lines == 21);
    scene.append("late\n", "keys.log.2");
    CHECK(files.poll() == "");
    scene.append("late\n", "keys.log.19");
    CHECK(files.poll() == "late\n");
}

TEST_CASE("a file that is cut begins anew, also with another text of the same length or more") {
    const Scene scene("one\ntwo\nthree");
    KeyLogFiles files = scene.follow();
    CHECK(files.poll() == "one\ntwo\n");
    fs::resize_file(scene.name, 0);
    CHECK(files.poll() == "");
    scene.append("four\n");
    CHECK(files.poll() == "four\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of files is coarse
    scene.begin("FOUR\n");
    CHECK(files.poll() == "FOUR\n");
    scene.begin("much longer than before\nand more\n");
    CHECK(files.poll() == "much longer than before\nand more\n");
    CHECK(files.counts().restarts == 3);
}

TEST_CASE("a file that is deleted and comes back is read anew, and its absence is said once") {
    const Scene scene;
    KeyLogFiles files = scene.follow();
    CHECK(files.poll() == "one\n");
    fs::remove(scene.name);
    for (int i = 0; i < 3; ++i) CHECK(files.poll() == "");
    CHECK(notices_of(files) == scene.name + ": key log has gone; waiting for it to come back\n");
    scene.begin("two\n");
    CHECK(files.poll() == "two\n");
    CHECK(notices_of(files) == "");
}

TEST_CASE("what is no plain file is refused, at the start and later") {
    const Scene scene;
    const TemporaryDirectory other;
    const auto refusal = [](const std::string& name) { return refusal_of({{name}, true, false}); };
    CHECK(refusal(other.path()).ends_with("is a directory; expected a plain file"));
    const std::string pipe = other.file("pipe");
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(refusal(pipe).ends_with("is a pipe; expected a plain file"));
    CHECK(refusal("/dev/zero").ends_with("is a device; expected a plain file"));

    KeyLogFiles files = scene.follow();
    CHECK(files.poll() == "one\n");
    scene.rename("moved");
    const std::string secret = other.write("secret", "not yours\n");
    const auto replaced = [&](const char* by, auto make) {
        make();
        for (int i = 0; i < 3; ++i) CHECK(files.poll() == "");
        CHECK(notices_of(files) == scene.name + ": key log is " + by + "; expected a plain file\n");
        fs::remove(scene.name);
    };
    replaced("a directory", [&] { fs::create_directory(scene.name); });
    replaced("a pipe", [&] { REQUIRE(mkfifo(scene.name.c_str(), 0600) == 0); });
    replaced("a symbolic link now, and was none", [&] { fs::create_symlink(secret, scene.name); });
    scene.append("two\n", "moved");
    scene.begin("three\n");
    CHECK(files.poll() == "two\nthree\n");
}

TEST_CASE("a name that was a symbolic link from the start is followed wherever it points") {
    const TemporaryDirectory directory;
    const std::string link = directory.file("link");
    directory.write("a", "one\n");
    directory.write("b", "two\n");
    for (const char* name : {"a", "b"}) chmod(directory.file(name).c_str(), 0600);
    fs::create_symlink("a", link);
    KeyLogFiles files({{link}, true, false});
    CHECK(files.poll() == "one\n");
    fs::remove(link);
    fs::create_symlink("b", link);
    CHECK(files.poll() == "two\n");
    std::ofstream(directory.file("a"), std::ios::app) << "three\n";
    CHECK(files.poll() == "three\n");
}

TEST_CASE("a missing file is an error over capture files, and waited for when live") {
    const TemporaryDirectory directory;
    const std::string name = directory.file("keys.log");
    CHECK(refusal_of({{name}, false, false}) ==
          name + ": key log cannot be read: No such file or directory");
    KeyLogFiles files({{name}, true, false});
    CHECK(files.poll() == "");
    CHECK(notices_of(files) == name + ": key log is not there yet; waiting for it\n");
    directory.write("keys.log", "one\n");
    chmod(name.c_str(), 0600);
    CHECK(files.poll() == "one\n");
    CHECK(notices_of(files) == "");
}

TEST_CASE("a file that others can read is warned about once, or refused") {
    const Scene scene;
    chmod(scene.name.c_str(), 0644);
    KeyLogFiles files = scene.follow();
    CHECK(notices_of(files) ==
          scene.name + ": key log can be read by other users (mode 0644); chmod 600 it\n");
    CHECK(files.poll() == "one\n");
    scene.rename("keys.log.1");
    scene.directory.write("keys.log", "two\n");
    chmod(scene.name.c_str(), 0640);
    CHECK(files.poll() == "two\n");
    CHECK(notices_of(files) == "");
    CHECK(refusal_of({{scene.name}, true, true}).find("keylog_strict") != std::string::npos);
    chmod(scene.name.c_str(), 0620);
    CHECK(refusal_of({{scene.name}, true, true}) == "taken");
}

TEST_CASE("a successor of another user is refused") {
    if (geteuid() != 0) {
        MESSAGE("skipped: only root can give files away");
        return;
    }
    const Scene scene;
    REQUIRE(chown(scene.name.c_str(), 1001, 1001) == 0);
    KeyLogFiles files = scene.follow();
    CHECK(files.poll() == "one\n");
    fs::remove(scene.name);
    scene.begin("two\n");
    REQUIRE(chown(scene.name.c_str(), 1002, 1002) == 0);
    CHECK(files.poll() == "");
    CHECK(notices_of(files) ==
          scene.name + ": key log belongs to another user than before; not read\n");
}

TEST_CASE("a million lines and binary junk are read in bounded pieces") {
    std::string content;
    for (int i = 0; i < 1'000'000; ++i) content += "CLIENT_RANDOM line " + std::to_string(i) + "\n";
    for (int i = 0; i < 100'000; ++i) content += static_cast<char>(i * 7 % 256 == '\n' ? 0 : i * 7);
    const Scene scene(content + "\nlast\n");
    KeyLogFiles files = scene.follow();
    std::uint64_t bytes = 0;
    std::string some, last;
    while (!(some = files.poll()).empty()) {
        CHECK(some.size() < 2 * KeyLogFiles::bytes_per_poll);
        bytes += some.size();
        last = some;
    }
    CHECK(last.ends_with("\nlast\n"));
    CHECK(files.counts().lines == 1'000'001);
    CHECK(files.counts().lines_too_long == 1);
    CHECK(bytes == content.size() - 100'000 + 5);
}

TEST_CASE("no line is lost while files are renamed and begun anew under load") {
    const Scene scene("");
    KeyLogFiles files = scene.follow();
    constexpr int lines = 20'000;
    std::atomic<bool> over = false;
    std::atomic<int> polls = 0;
    std::thread writer([&] {
        std::FILE* file = std::fopen(scene.name.c_str(), "a");
        for (int i = 0; i < lines; ++i) {
            // Written in two halves, as a small buffer would be.
            std::fprintf(file, "line ");
            if (i % 7 == 0) std::fflush(file);
            std::fprintf(file, "%d\n", i);
            if (i % 500 != 499) continue;
            // The old file goes on being written to behind its new name.
            scene.rename("keys.log." + std::to_string(i));
            std::fprintf(file, "late %d\n", i);
            std::fclose(file);
            file = std::fopen(scene.name.c_str(), "a");
            chmod(scene.name.c_str(), 0600);
            // Rotation is slower than polling: that is what the reader needs.
            for (const int then = polls; polls < then + 2;) std::this_thread::yield();
        }
        std::fclose(file);
        over = true;
    });
    std::multiset<std::string> seen;
    const auto take = [&] {
        const std::string some = files.poll();
        for (std::size_t at = 0; at < some.size();) {
            const std::size_t end = some.find('\n', at);
            seen.insert(some.substr(at, end - at));
            at = end + 1;
        }
        ++polls;
        return !some.empty();
    };
    while (!over) take();
    while (take()) continue;
    writer.join();
    CHECK(seen.size() == lines + lines / 500);
    for (int i = 0; i < lines; ++i) CHECK(seen.count("line " + std::to_string(i)) == 1);
}
