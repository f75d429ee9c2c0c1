<?php

namespace App\Mail;

use App\Queue;

/** Sends mail. */
#[Service]
final class Mailer extends Base implements Sender
{
    // PAD

    const LIMIT = 3;

    public function __construct(private Queue $queue)
    {
        $this->open();
    }

    public static function make(): static
    {
        return new static();
    }
}

interface Sender
{
    public function send($mail);
}

trait Logs
{
    function log($line) { echo $line; }
}

enum Priority: string
{
    case High = 'high';
}

function deliver($mail)
{
    return true;
}

$later = function ($mail) {
    return $mail;
};
