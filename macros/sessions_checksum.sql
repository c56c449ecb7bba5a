{#
    A sum over sessions, in any order, that tells which company each session is of: a session that is given to another
    company changes it, and so do two that exchange theirs, which a sum of ids would not see.

    What is added up is the product of both ids, as far as two primes of 31 bits and one of 23 leave of it. So no
    product is beyond a bigint, whatever the ids are, and no sum of a month's sessions, of which there are fewer than
    10^12. The first factor is never 0.
-#}
{% macro sessions_checksum(session_id, company_id) -%}
    sum(({{ session_id }} % 2147483647 + 2147483647) * ({{ company_id }} % 2147483629) % 8388593)
{%- endmacro %}
