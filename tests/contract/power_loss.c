/* Writes down, in order, what a process does to the files of one folder: what it writes, cuts, syncs and removes.

   Preloaded into the process. LOSABLE names the folder, RECORD the file that it is written down in: for each call a
   line "kind offset length name", then the bytes that were written. A record is made when its call has succeeded, so
   a sync counts for what was recorded before it. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int record = -1;
static const char *folder;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("RECORD");
    folder = getenv("LOSABLE");
    if (path && folder)
        record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The name within the folder; "." for the folder itself, NULL for what lies elsewhere. */
static const char *name_within(const char *path)
{
    size_t length = folder ? strlen(folder) : 0;
    if (!length || strncmp(path, folder, length))
        return NULL;
    return path[length] == '\0' ? "." : path[length] == '/' ? path + length + 1 : NULL;
}

static const char *name_of(int file, char path[PATH_MAX])
{
    char link[64];
    if (record < 0 || file == record)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return NULL;
    path[length] = '\0';
    return name_within(path);
}

static void note(char kind, off_t offset, size_t length, const char *name, const void *bytes)
{
    char line[PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%c %lld %zu %s\n", kind, (long long)offset, length, name);
    struct iovec parts[] = {{line, size}, {(void *)bytes, bytes ? length : 0}};
    if (writev(record, parts, 2) != (ssize_t)(size + parts[1].iov_len))
        abort();
}

/* Makes a call; if it succeeded on something in the folder, notes it. */
#define NOTED(type, name, call, ...)                  \
    do {                                              \
        int before = errno;                           \
        const char *within = (name);                  \
        errno = before;                               \
        if (!within)                                  \
            return call;                              \
        pthread_mutex_lock(&one_at_a_time);           \
        type result = call;                           \
        if (result >= 0)                              \
            note(__VA_ARGS__);                        \
        pthread_mutex_unlock(&one_at_a_time);         \
        return result;                                \
    } while (0)

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset)
{
    char path[PATH_MAX];
    NOTED(ssize_t, name_of(file, path), REAL(pwrite64)(file, bytes, length, offset), 'w', offset, result, within, bytes);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length)
{
    char path[PATH_MAX];
    off_t offset = lseek(file, 0, SEEK_CUR);
    NOTED(ssize_t, name_of(file, path), REAL(write)(file, bytes, length), 'w', offset, result, within, bytes);
}

int ftruncate64(int file, off64_t length)
{
    char path[PATH_MAX];
    NOTED(int, name_of(file, path), REAL(ftruncate64)(file, length), 'c', length, 0, within, NULL);
}

int ftruncate(int file, off_t length)
{
    return ftruncate64(file, length);
}

int fdatasync(int file)
{
    char path[PATH_MAX];
    NOTED(int, name_of(file, path), REAL(fdatasync)(file), 's', 0, 0, within, NULL);
}

int fsync(int file)
{
    char path[PATH_MAX];
    NOTED(int, name_of(file, path), REAL(fsync)(file), 's', 0, 0, within, NULL);
}

int unlink(const char *path)
{
    NOTED(int, record < 0 ? NULL : name_within(path), REAL(unlink)(path), 'r', 0, 0, within, NULL);
}
