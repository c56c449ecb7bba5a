{#
    Checksums of sessions, in any order. They count in remainders of a prime of 31 bits: no product of two remainders is
    beyond 62 bits, whatever the ids are, and what is added up first and multiplied then leaves the same remainder as
    what is multiplied first. A sum of up to 2^32 remainders fits a bigint, which is all that Spark has for it.
-#}
{% macro checksum_of_sessions(session_id) -%}
    sum({{ session_id }} % {{ checksum_prime() }})
{%- endmacro %}


{#
    A session's id, or the checksum of a company's sessions, made to tell which company it is of: two sessions that
    exchange their companies change the sum of this, and would not change a sum of ids.
-#}
{% macro checksum_of_company(checksum, company_id) -%}
    ({{ checksum }} % {{ checksum_prime() }}) * ({{ company_id }} % {{ checksum_prime() }}) % {{ checksum_prime() }}
{%- endmacro %}


{% macro checksum_prime() -%}
    2147483647
{%- endmacro %}
