/* Threads that share a piece of work and wait for the next one: a while wide awake, for the next one is near, then asleep. */
#include <pthread.h>
#include <signal.h>

typedef void work(void *what, int64_t number, int64_t of); /* this thread's number, of how many */

enum { MOST = 16, SOON = 4000, AWAKE = 20000 }; /* threads; looks before sleep, for the others and for further work */

static struct {
    pthread_mutex_t in_use, lock;
    pthread_cond_t changed;
    int64_t made, posted, done, asleep, size, waiting, passed;
    work *work;
    void *what;
} team = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, 0, 0, 0, NULL, NULL};

#define READ(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define WRITE(x, value) __atomic_store_n(&(x), value, __ATOMIC_SEQ_CST)
#define ADD(x, value) __atomic_add_fetch(&(x), value, __ATOMIC_SEQ_CST)

INLINE void breathe(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Until the counter is another: so many looks wide awake, then asleep, which leaves the core to whoever else wants it. */
static void await(int64_t *counter, int64_t old, int64_t looks) {
    for (; looks > 0; looks--, breathe())
        if (READ(*counter) != old) return;
    pthread_mutex_lock(&team.lock);
    ADD(team.asleep, 1);
    while (READ(*counter) == old) pthread_cond_wait(&team.changed, &team.lock);
    ADD(team.asleep, -1);
    pthread_mutex_unlock(&team.lock);
}

/* Whoever sleeps is to look again. */
static void tell(void) {
    if (!READ(team.asleep)) return;
    pthread_mutex_lock(&team.lock);
    pthread_cond_broadcast(&team.changed);
    pthread_mutex_unlock(&team.lock);
}

/* Until all `of` threads of the team have come here. */
static void meet(int64_t of) {
    if (of == 1) return;
    const int64_t round = READ(team.passed);
    if (ADD(team.waiting, 1) == of) {
        WRITE(team.waiting, 0);
        ADD(team.passed, 1);
        tell();
    } else {
        await(&team.passed, round, SOON);
    }
}

static struct place {
    int64_t number, seen; /* of how many pieces of work it knows */
} places[MOST];

static void *help(void *place) {
    const int64_t number = ((struct place *)place)->number;
    for (int64_t seen = ((struct place *)place)->seen;; seen++) {
        await(&team.posted, seen, AWAKE);
        if (number < team.size) team.work(team.what, number, team.size);
        ADD(team.done, 1);
        tell();
    }
    return NULL;
}

/* A process that was forked has none of the threads. */
static void start_anew(void) {
    pthread_mutex_init(&team.in_use, NULL);
    pthread_mutex_init(&team.lock, NULL);
    pthread_cond_init(&team.changed, NULL);
    team.made = team.posted = team.done = team.asleep = team.waiting = 0;
}

/* So many threads beside this one, or as many as can be had. */
static void make(int64_t wanted) {
    static int registered;
    if (!registered) registered = !pthread_atfork(NULL, NULL, start_anew);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads of Python */
    for (pthread_t thread; registered && team.made < wanted && team.made < MOST - 1; team.made++) {
        places[team.made] = (struct place){team.made + 1, team.posted};
        if (pthread_create(&thread, NULL, help, &places[team.made])) break;
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The work on so many threads, this one among them; on fewer where no more can be had. */
static void on_threads(work *work, void *what, int64_t wanted) {
    if (wanted < 2 || pthread_mutex_trylock(&team.in_use)) { /* alone, where the others serve another thread of Python */
        work(what, 0, 1);
        return;
    }
    make(wanted - 1);
    team.size = wanted < team.made + 1 ? wanted : team.made + 1;
    team.work = work, team.what = what;
    WRITE(team.done, 0);
    ADD(team.posted, 1);
    tell();
    work(what, 0, team.size);
    for (int64_t done; (done = READ(team.done)) < team.made;) await(&team.done, done, SOON);
    pthread_mutex_unlock(&team.in_use);
}
