{#
    Checksums of sessions, in any order. They count in remainders of a prime of 31 bits: no product of two remainders is
    beyond 62 bits, whatever the ids are, and what is added up first and multiplied then leaves the same remainder as
    what is multiplied first. A bigint, which is all that a sum of bigints is on Spark, has room for 2^32 of them: more
    sessions than a company has in a month.
-#}
{% macro checksum_of_sessions(session_id) -%}
    sum({{ session_id }} % {{ checksum_prime() }})
{%- endmacro %}


{#
    A session's id, or the checksum of a company's sessions, made to tell which company it is of: two sessions that
    exchange their companies change the sum of this, and would not change a sum of ids. Any number of them is added up.
-#}
{% macro checksum_of_company(checksum, company_id) -%}
    {%- set remainder = (
        "(" ~ checksum ~ " % " ~ checksum_prime() ~ ") * (" ~ company_id ~ " % " ~ checksum_prime() ~ ") % "
        ~ checksum_prime()
    ) -%}
    {{ remainder if target.type != "spark" else "cast(" ~ remainder ~ " as decimal(20, 0))" }}
{%- endmacro %}


{% macro checksum_prime() -%}
    2147483647
{%- endmacro %}
