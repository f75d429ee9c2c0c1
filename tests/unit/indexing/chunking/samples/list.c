#include <stdlib.h>
#ifndef LIST_H
#define LIST_H

#define LIMIT 16

#define MAX(a, b) \
    ((a) > (b) ? (a) : (b))

/* A node of a list. */
typedef struct node {
    int value;
    struct node *next;
} node_t;

struct point {
    int x;
};

enum color {
    RED,
    GREEN,
};

static int counter = 0;

int list_size(const node_t *list);

/**
 * Adds a value in front.
 */
static inline node_t *list_push(node_t *list, int value) {
    return list;
}

int (*list_compare(void))(int, int) {
    return 0;
}

#ifdef DEBUG
void list_dump(node_t *list)
{
    counter++;
}
#else
void list_skip(void) {
    counter--;
}
#endif
#endif
