package jobs

import scala.collection.mutable

/** Holds jobs. */
case class Queue[T](name: String) extends Base {
  // PAD

  def push(job: T): Unit = {
    jobs += job
  }

  val size = 1
}

object Queue {
  def empty: Queue[Int] = Queue("")
}

trait Runner {
  def run(): Unit
}

enum Level {
  case Low, High
}

def top(x: Int): Int = x

type Name = String
