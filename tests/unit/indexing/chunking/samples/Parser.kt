package text

import kotlin.io.println

/** Reads tokens. */
@Serializable
data class Parser(val text: String) : Base() {
    // PAD

    val size = 1

    companion object {
        fun make(): Parser {
            return Parser("")
        }
    }

    constructor(size: Int) : this("") {
        check(size)
    }

    override fun next(count: Int): String {
        return ""
    }

    inner class Cursor {
        fun move() {
        }
    }
}

interface Reader {
    fun read()
}

object Registry {
    fun all() = 1
}

enum class Level {
    LOW, HIGH
}

fun String.shout(times: Int): String = uppercase()

suspend fun <T> load(value: T) {
    println(value)
}

typealias Name = String
const val LIMIT = 3
